import { flatten, type CommandDefinition } from '../definition.js';
import { caseLines, operandLines, quote, walkFunctions, walkLines } from './cases.js';
import { descents, optionNames, optionValues } from './tables.js';

/** For a file named _PROGRAM in a folder of fpath, or to be sourced after compinit. */
export function zshScript(program: CommandDefinition): string {
  const name = program.path;
  return `#compdef ${name}
# ${name} completion for zsh: ${name} completion zsh > "\${fpath[1]}/_${name}"
_${name}() {
  local at=${quote(name)} operands=0 option= takes= isOver= word current=$words[CURRENT] kind=
  local -a flags commands found
  for word in "\${(@)words[2,CURRENT-1]}"; do
${walkLines(name)}
  done
${kindLines(program)}
  (($#commands == 0)) || _describe command commands
  case $kind in
    file) _files ;;
    folder) _files -/ ;;
    words:*) compadd -- \${(s: :)kind#words:} ;;
    names:*)
      found=(\${(f)"$(command ${name} completion "\${kind#names:}" -- "\${(@)words[2,CURRENT]}" 2>/dev/null)"})
      compadd -- \${found:#*=}
      compadd -S '' -- \${(M)found:#*=}
      ;;
  esac
}
${walkFunctions(name, { values: optionValues(program), descents: descents(program) })}
if [[ $funcstack[1] == _${name} ]]; then _${name} "$@"; else compdef _${name} ${name}; fi`;
}

/** What is wanted at the cursor: `kind`, and `commands` beside it; options are offered at once. */
function kindLines(program: CommandDefinition): string {
  const name = program.path;
  return `  if [[ -n $isOver ]]; then kind=file
  elif [[ $current == --*=* ]]; then
    compset -P '*='
    _${name}_takes "$at \${current%%=*}"; kind=$takes
  elif [[ -n $option && $current != -* ]]; then _${name}_takes "$at $option"; kind=$takes
  elif [[ $current == -* ]]; then
    case $at in
${caseLines(
  flatten(program).map((one) => ({ keys: [one.path], then: described(optionNames(one)) })),
  (list) => `flags=(${list})`,
)}
    esac
    _describe -o option flags
    return
  else
${operandLines(program, (commands) => `(${described(commands)})`)}
  fi`;
}

/** Words to choose from, as `_describe` wants them: `name:what it is`. */
function described(entries: readonly (readonly [name: string, text: string])[]): string {
  return entries.map(([name, text]) => quote(`${name.replaceAll(':', '\\:')}:${text}`)).join(' ');
}
