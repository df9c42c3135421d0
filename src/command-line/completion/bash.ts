import { flatten, type CommandDefinition } from '../definition.js';
import { caseLines, operandLines, quote, walkFunctions, walkLines } from './cases.js';
import { descents, optionNames, optionValues } from './tables.js';

/** Completes the words of the line as they were before bash took them apart at = and :, and answers what bash puts in the last part's place. */
export function bashScript(program: CommandDefinition): string {
  const name = program.path;
  return `# ${name} completion for bash: add  source <(${name} completion bash)  to ~/.bashrc
_${name}() {
${joinWords}
  local at=${quote(name)} operands=0 option= takes= isOver= current=\${words[\${#words[@]} - 1]}
  for word in "\${words[@]:1:\${#words[@]}-2}"; do
${walkLines(name)}
  done
${kindLines(program)}
${offerLines(name)}
}
${walkFunctions(name, { values: optionValues(program), descents: descents(program) })}
complete -F _${name} ${name}`;
}

const joinWords = `  local IFS=$' \\t\\n' words=() rest=\${COMP_LINE:0:COMP_POINT} trimmed part i word
  for ((i = 0; i <= COMP_CWORD; i++)); do
    trimmed=\${rest#"\${rest%%[![:space:]]*}"} part=\${COMP_WORDS[i]}
    ((i < COMP_CWORD)) || part=$trimmed
    if ((i == 0)) || [[ $trimmed != "$rest" ]]; then words+=("$part"); else words[\${#words[@]} - 1]+=$part; fi
    rest=\${trimmed#"$part"}
  done`;

/** What is wanted at the cursor: `kind`, and `commands` beside it. */
function kindLines(program: CommandDefinition): string {
  const name = program.path;
  const flags = flatten(program).map((one) => ({
    keys: [one.path],
    then: optionNames(one)
      .map(([option]) => option)
      .join(' '),
  }));
  return `  local prefix= value=$current kind= commands= lead
  if [[ -n $isOver ]]; then kind=file
  elif [[ $current == --*=* ]]; then
    prefix=\${current%%=*}= value=\${current#*=}
    _${name}_takes "$at \${current%%=*}"; kind=$takes
  elif [[ -n $option && $current != -* ]]; then _${name}_takes "$at $option"; kind=$takes
  elif [[ $current == -* ]]; then
    case $at in
${caseLines(flags, (words) => `kind=words:${quote(words)}`)}
    esac
  else
${operandLines(program, (commands) => quote(commands.map(([word]) => word).join(' ')))}
  fi`;
}

/** Names come from elsewhere: bash is given none to expand, and quotes each. */
function offerLines(name: string): string {
  return `  [[ $part != [=:]* ]] || part=
  lead=\${current%"$part"} IFS=$'\\n' COMPREPLY=()
  case $kind in
    file) compopt -o filenames 2>/dev/null; COMPREPLY=($(compgen -f -- "$value")) ;;
    folder) compopt -o filenames 2>/dev/null; COMPREPLY=($(compgen -d -- "$value")) ;;
    words:*) COMPREPLY=($(IFS=' '; compgen -W "\${kind#words:}" -- "$value")) ;;
    names:*)
      while read -r word; do
        [[ $word != "$value"* ]] || COMPREPLY+=("$(printf %q "$word")")
      done < <(command ${name} completion "\${kind#names:}" -- "\${words[@]:1}" 2>/dev/null)
      ;;
  esac
  COMPREPLY+=($(IFS=' '; compgen -W "$commands" -- "$value"))
  for i in "\${!COMPREPLY[@]}"; do
    word=$prefix\${COMPREPLY[i]} COMPREPLY[i]=\${word#"$lead"}
    [[ $word != *= ]] || compopt -o nospace 2>/dev/null
  done`;
}
