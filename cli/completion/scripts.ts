/** Scripts that complete without starting Node: the words of all commands are written into them. */
import type { CommandNode, OptionWord } from "./tree.js";
import { quoted } from "../terminal/shell.js";

export function bashScript(name: string, nodes: CommandNode[]): string {
  return `# ${name} completion for bash
${wordTables(nodes)}
_${fn(name)}() {
  local cur=\${COMP_WORDS[COMP_CWORD]} prev=\${COMP_WORDS[COMP_CWORD-1]}
  local path word words i
  COMPREPLY=()
  path=
  for ((i = 1; i < COMP_CWORD; i++)); do
    word=\${COMP_WORDS[i]}
    if [[ " $(_${fn(name)}_commands "$path") " == *" $word "* ]]; then
      path="\${path:+$path }$word"
    fi
  done
  words=$(_${fn(name)}_values "$path" "$prev")
  if [[ -z $words ]]; then
    if [[ $cur == -* ]]; then
      words=$(_${fn(name)}_options "$path")
    else
      words="$(_${fn(name)}_commands "$path") $(_${fn(name)}_choices "$path")"
    fi
  fi
  if [[ $words == "<file>" || $words == " <file>" ]]; then
    # A name on a line: it may hold spaces. Without mapfile, which macOS' bash lacks.
    while IFS= read -r word; do
      COMPREPLY+=("$word")
    done < <(compgen -f -- "$cur")
  elif [[ $words != "<value>" ]]; then
    COMPREPLY=($(compgen -W "$words" -- "$cur"))
  fi
}
complete -o filenames -F _${fn(name)} ${name}
`.replaceAll("@NAME@", fn(name));
}

export function zshScript(name: string, nodes: CommandNode[]): string {
  return `#compdef ${name}
# ${name} completion for zsh
${wordTables(nodes)}
_${fn(name)}() {
  local cur=\${words[CURRENT]} prev=\${words[CURRENT-1]} word found
  local path_=""
  local -i i
  for ((i = 2; i < CURRENT; i++)); do
    word=\${words[i]}
    if [[ " $(_${fn(name)}_commands "$path_") " == *" $word "* ]]; then
      path_="\${path_:+$path_ }$word"
    fi
  done
  found=$(_${fn(name)}_values "$path_" "$prev")
  if [[ -z $found ]]; then
    if [[ $cur == -* ]]; then
      found=$(_${fn(name)}_options "$path_")
    else
      found="$(_${fn(name)}_commands "$path_") $(_${fn(name)}_choices "$path_")"
    fi
  fi
  if [[ $found == "<file>" || $found == " <file>" ]]; then
    _files
  elif [[ $found != "<value>" ]]; then
    compadd -- \${=found}
  fi
}
if [[ $funcstack[1] == _${fn(name)} ]]; then
  _${fn(name)} "$@"
else
  compdef _${fn(name)} ${name}
fi
`.replaceAll("@NAME@", fn(name));
}

export function fishScript(name: string, nodes: CommandNode[]): string {
  const paths = nodes.map(({ path }) => path).filter((path) => path !== "");
  const lines = nodes.flatMap((node) => {
    const on = `complete -c ${name} -n '__${fn(name)}_at "${node.path}"'`;
    return [
      ...(node.takesFile ? [] : [`${on} -f`]),
      ...node.commands.map(
        ({ word, description }) => `${on} -a ${word} -d ${quoted(description)}`,
      ),
      ...(node.takesDeployment
        ? [`${on} -a '(__${fn(name)}_deployments)'`]
        : []),
      ...(node.choices.length > 0
        ? [`${on} -a ${quoted(node.choices.join(" "))}`]
        : []),
      ...node.options.map((option) => `${on} ${fishOption(option, name)}`),
    ];
  });
  return `# ${name} completion for fish
function __${fn(name)}_deployments
  set -l config ~/.config
  set -q XDG_CONFIG_HOME; and set config $XDG_CONFIG_HOME
  ${DEPLOYMENTS} $config/sessions-ops/deployments.json 2>/dev/null
end
function __${fn(name)}_at
  set -l known ${paths.map(quoted).join(" ")}
  set -l path
  for word in (commandline -opc)[2..-1]
    set -l next (string join -- ' ' $path $word)
    if contains -- $next $known
      set path $next
    end
  end
  test "$path" = "$argv[1]"
end
${lines.join("\n")}
`;
}

/** Functions that print, for a command, its commands, options, choices, and an option's values. */
function wordTables(nodes: CommandNode[]): string {
  const table = (kind: string, wordsOf: (node: CommandNode) => string) => `
_@NAME@_${kind}() {
  case "$1" in
${nodes
  .map((node) => [node.path, wordsOf(node)] as const)
  .filter(([, words]) => words !== "")
  .map(([path, words]) => `    ${quoted(path)}) echo ${quoted(words)} ;;`)
  .join("\n")}
  esac
}`;
  return [
    `
_@NAME@_deployments() {
  ${DEPLOYMENTS} "\${XDG_CONFIG_HOME:-$HOME/.config}/sessions-ops/deployments.json" 2>/dev/null
}`,
    table("commands", ({ commands }) => join(commands)),
    table("options", ({ options }) => join(options)),
    table("choices", ({ choices, takesFile }) =>
      takesFile ? "<file>" : choices.join(" "),
    ).replace(
      /\n {2}esac\n\}$/,
      `${nodes
        .filter(({ takesDeployment }) => takesDeployment)
        .map(({ path }) => `\n    ${quoted(path)}) _@NAME@_deployments ;;`)
        .join("")}$&`,
    ),
    valueTable(nodes),
  ].join("\n");
}

function valueTable(nodes: CommandNode[]): string {
  const cases = nodes.flatMap(({ path, options }) =>
    options
      .filter(({ takesValue }) => takesValue)
      .map(
        (option) =>
          `    ${quoted(`${path}:${option.word}`)}) ${valuesCommand(option)} ;;`,
      ),
  );
  return `
_@NAME@_values() {
  case "$1:$2" in
${cases.join("\n")}
  esac
}`;
}

/** A command of a shell that prints the values of an option. */
function valuesCommand(option: OptionWord): string {
  return option.word === "--deployment"
    ? `_@NAME@_deployments | grep . || echo ${quoted("<value>")}`
    : `echo ${quoted(valuesOf(option))}`;
}

/**
 * A command of a shell that prints the names of deployments, from the lines that `deployments add`
 * writes.
 */
const DEPLOYMENTS = `sed -n 's/^    "\\([A-Za-z0-9][A-Za-z0-9._-]*\\)": {$/\\1/p'`;

function valuesOf({ word, choices }: OptionWord): string {
  if (choices.length > 0) return choices.join(" ");
  return takesPath(word) ? "<file>" : "<value>";
}

function fishOption(
  { word, description, takesValue, choices }: OptionWord,
  name: string,
) {
  const long = `-l ${word.slice(2)} -d ${quoted(description)}`;
  if (!takesValue) return long;
  if (word === "--deployment") {
    return `${long} -x -a '(__${fn(name)}_deployments)'`;
  }
  if (choices.length > 0) return `${long} -x -a ${quoted(choices.join(" "))}`;
  return takesPath(word) ? `${long} -r -F` : `${long} -x`;
}

function takesPath(option: string): boolean {
  return ["--admin-key-file", "--archive", "--data"].includes(option);
}

function join(words: ReadonlyArray<{ word: string }>): string {
  return words.map(({ word }) => word).join(" ");
}

function fn(name: string): string {
  return name.replaceAll("-", "_");
}
