// A worker that gives the beat of a tab's signs of life: browsers slow down the timers of pages behind others.

const SIGN_MS = 3000;
setInterval(() => postMessage(0), SIGN_MS);
