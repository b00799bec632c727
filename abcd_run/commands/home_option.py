"""`--home`, whose value may be missing: Click knows no such option."""

from pathlib import Path


def with_home_spelled_out(args: list[str]) -> list[str]:
    """Return the words with `--home` as `--home=DIR`, or as `--home=` if no folder follows it.

    A path follows as `--home DIR`; anything else
    would be the image: `--home abcd4demo`.
    """
    end = args.index("--") if "--" in args else len(args)
    if "--home" not in args[:end]:
        return args
    place = args.index("--home")
    after = args[place + 1 : end][:1]
    value = after if after and _is_folder(after[0]) else []
    return [*args[:place], "--home=" + "".join(value), *args[place + 1 + len(value) :]]


def _is_folder(word: str) -> bool:
    """Say whether a word after `--home` names a folder: not a profile, an archive or a layout."""
    path = Path(word).expanduser()
    is_path = word.startswith(("/", "./", "../", "~")) or word in (".", "..")
    return is_path and not path.is_file() and not (path / "oci-layout").exists()
