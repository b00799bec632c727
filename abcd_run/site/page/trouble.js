// An error with words for a person: what went wrong, and what to do about it.

export class Trouble extends Error {
  constructor(words, remedy = "Reload the page to try again.") {
    super(words);
    this.remedy = remedy;
  }
}

/** Returns any error as a Trouble. */
export function troubled(error) {
  if (error instanceof Trouble) return error;
  return new Trouble(`The page failed: ${error?.message ?? error}`);
}
