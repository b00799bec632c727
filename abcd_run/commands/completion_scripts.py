"""The scripts that let bash, zsh and fish complete abcd-run.

All ask the same: what may stand at the end of a line; the answer is a line for each word, with what
it is behind a tab. Typer's own scripts know no folders, and no word with a colon or an equals sign.
A word that ends in one of `/=,:` gets no space behind it: more is to come.
"""

from abcd_run.commands.group import COMPLETES, NAME

ASK = (
    f"env {COMPLETES}=complete_fish _TYPER_COMPLETE_FISH_ACTION=get-args"
    f' _TYPER_COMPLETE_ARGS="%s" {NAME} 2>/dev/null'
)
"""fish's answer is the plainest, so all shells ask for it."""

_BASH = r"""_abcd_run_completion() {
    local line=${COMP_LINE:0:COMP_POINT} cut= mark part word
    local whole=${line##*[[:space:]]}
    # bash replaces only what follows the last of its own word breaks.
    for mark in : = @; do
        if [[ $COMP_WORDBREAKS == *"$mark"* && $whole == *"$mark"* ]]; then
            part=${whole%"${whole##*"$mark"}"}
            if (( ${#part} > ${#cut} )); then cut=$part; fi
        fi
    done
    COMPREPLY=()
    while IFS= read -r word; do
        word=${word%%$'\t'*}
        [[ -n $word ]] || continue
        if [[ $word == *[/=,:] ]]; then compopt -o nospace 2>/dev/null; fi
        word=${word#"$cut"}
        # A path may have blanks and quotes; its ~ must stay one.
        if [[ $word == *[!A-Za-z0-9_./:=,@%+~-]* ]]; then
            printf -v word %q "$word"
            word=${word/#\\~/\~}
        fi
        COMPREPLY+=("$word")
    done < <(ASK_LINE)
}
complete -o default -F _abcd_run_completion abcd-run
"""

_ZSH = r"""#compdef abcd-run
_abcd_run_completion() {
  local answer word
  local -a open open_shown closed closed_shown
  for answer in ${(f)"$(ASK_WORDS)"}; do
    word=${answer%%$'\t'*}
    if [[ -z $word ]]; then
      continue
    elif [[ $word == *[/=,:] ]]; then
      open+=("${${(q)word}/#\\~/~}") open_shown+=("${answer/$'\t'/  -- }")
    else
      closed+=("${${(q)word}/#\\~/~}") closed_shown+=("${answer/$'\t'/  -- }")
    fi
  done
  if (( $#open + $#closed == 0 )); then
    _files
    return
  fi
  (( $#open )) && compadd -Q -S '' -l -d open_shown -a open
  (( $#closed )) && compadd -Q -l -d closed_shown -a closed
  return 0
}
if [[ ${funcstack[1]} == _abcd-run ]]; then
  _abcd_run_completion "$@"
else
  (( $+functions[compdef] )) || { autoload -Uz compinit && compinit }
  compdef _abcd_run_completion abcd-run
fi
"""

_FISH = r"""function _abcd_run_completion
    set -l line (commandline -cp | string collect)
    ASK_LINE | string match -r '.+'
end
complete --command abcd-run --no-files --arguments '(_abcd_run_completion)'
complete --command abcd-run --force-files \
    --condition 'string match --quiet -- "* -- *" (commandline -cp)'
"""

SHELLS = {"bash": _BASH, "zsh": _ZSH, "fish": _FISH}
"""Their scripts, before the question is put in."""


def script(shell: str) -> str:
    """Return a shell's script."""
    text = SHELLS[shell].replace("ASK_LINE", ASK % "$line")
    return text.replace("ASK_WORDS", ASK % "${words[1,$CURRENT]}")
