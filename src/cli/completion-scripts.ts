/**
 * Scripts that complete commands, options and fixed values in a shell, generated from the commands themselves.
 *
 * Each script finds the words of the command line that name a command, leaving out options and their values, and
 * offers what that command takes. Where it has nothing to offer, the shell completes file names.
 */
import type { CommandNode, OptionNode } from './command-tree.ts';

export const SHELLS = ['bash', 'zsh', 'fish'] as const;
export type Shell = (typeof SHELLS)[number];

/** Writes the script of one shell. */
export function completionScript(shell: Shell, nodes: readonly CommandNode[]): string {
  return { bash: bashScript, zsh: zshScript, fish: fishScript }[shell](nodes);
}

/** Every option that takes a value: the word behind one names no command. */
function valueOptions(nodes: readonly CommandNode[]): string[] {
  const names = nodes.flatMap(({ options }) => options.filter(({ takesValue }) => takesValue));
  return [...new Set(names.map(({ name }) => name))].sort();
}

/** Quotes a text for bash and zsh. */
function quoted(text: string): string {
  return `'${text.replaceAll("'", String.raw`'\''`)}'`;
}

/** The options of one command whose values are fixed. */
function fixedValues({ options }: CommandNode): OptionNode[] {
  return options.filter(({ values }) => values.length > 0);
}

/** The loop with which bash and zsh find the command's words; `words` and `last` name the shell's own. */
function findPath(
  nodes: readonly CommandNode[],
  { first, last, word }: Record<'first' | 'last' | 'word', string>,
): string {
  const paths = nodes.filter(({ path }) => path !== '').map(({ path }) => quoted(path));
  return `  local at= word= skip= i
  for ((i = ${first}; i < ${last}; i++)); do
    word=${word}
    if [[ -n $skip ]]; then skip=; continue; fi
    case $word in
      ${valueOptions(nodes).join('|')}) skip=1; continue ;;
      -*) continue ;;
    esac
    case "\${at:+$at }$word" in
      ${paths.join('|')}) at="\${at:+$at }$word" ;;
    esac
  done
`;
}

function bashScript(nodes: readonly CommandNode[]): string {
  const values = nodes.flatMap((node) =>
    fixedValues(node).map(
      ({ name, values: some }) =>
        `    ${quoted(`${node.path}:${name}`)}) words=${quoted(some.join(' '))} ;;\n`,
    ),
  );
  const words = nodes.map(({ path, children, options, words: fixed }) => {
    const named = [...children.map(({ name }) => name), ...fixed].join(' ');
    const dashed = options.map(({ name }) => name).join(' ');
    return `    ${quoted(path)}) words=${quoted(named)} options=${quoted(dashed)} ;;\n`;
  });
  return `# bash completion for kling-sidecar. In ~/.bashrc: eval "$(kling-sidecar completion bash)"
_kling_sidecar() {
  local current=\${COMP_WORDS[COMP_CWORD]} before=\${COMP_WORDS[COMP_CWORD - 1]} words= options=
  # bash takes --format=json apart at the sign.
  if [[ $before == = ]]; then before=\${COMP_WORDS[COMP_CWORD - 2]}; fi
  if [[ $current == = ]]; then current=; fi
${findPath(nodes, { first: '1', last: 'COMP_CWORD', word: '${COMP_WORDS[i]}' })}  COMPREPLY=()
  case "$at:$before" in
${values.join('')}    *:${valueOptions(nodes).join('|*:')}) return ;;
    *)
      case $at in
${words.map((line) => `    ${line}`).join('')}      esac
      ;;
  esac
  if [[ $current == -* ]]; then words=$options; fi
  COMPREPLY=($(compgen -W "$words" -- "$current"))
}
complete -o bashdefault -o default -F _kling_sidecar kling-sidecar
`;
}

function zshScript(nodes: readonly CommandNode[]): string {
  const item = (name: string, description: string): string =>
    quoted(
      [name, ...(description === '' ? [] : [description])]
        .map((text) => text.replaceAll(':', String.raw`\:`))
        .join(':'),
    );
  const values = nodes.flatMap((node) =>
    fixedValues(node).map(
      ({ name, values: some }) =>
        `    ${quoted(`${node.path}:${name}`)}) compadd -- ${some.join(' ')}; return ;;\n`,
    ),
  );
  const offers = nodes.map(({ path, children, options, words }) => {
    const commands = [
      ...children.map((it) => item(it.name, it.description)),
      ...words.map((word) => item(word, '')),
    ];
    const named = options.map((it) => item(it.name, it.description));
    return `    ${quoted(path)}) commands=(${commands.join(' ')}) options=(${named.join(' ')}) ;;\n`;
  });
  return `#compdef kling-sidecar
# zsh completion for kling-sidecar. In ~/.zshrc, after compinit: eval "$(kling-sidecar completion zsh)"
_kling_sidecar() {
  local -a commands options
${findPath(nodes, { first: '2', last: 'CURRENT', word: '${words[i]}' })}  case "$at:\${words[CURRENT - 1]}" in
${values.join('')}    *:${valueOptions(nodes).join('|*:')}) _files; return ;;
  esac
  case $at in
${offers.join('')}  esac
  if [[ \${words[CURRENT]} == -* ]]; then
    _describe -o option options
  elif ((\${#commands})); then
    _describe command commands
  else
    _files
  fi
}
# Run by zsh as a file of its functions, or by eval.
if [[ \${funcstack[1]} == _kling_sidecar ]]; then _kling_sidecar "$@"; else compdef _kling_sidecar kling-sidecar; fi
`;
}

function fishScript(nodes: readonly CommandNode[]): string {
  const lineOf = ({ path, children, options, words }: CommandNode): string[] => {
    const at = `complete -c kling-sidecar -n ${fishQuoted(`__kling_sidecar_at ${fishQuoted(path)}`)}`;
    return [
      ...children.map(({ name, description }) => `${at} -f -a ${name} -d ${fishQuoted(description)}`),
      ...words.map((word) => `${at} -f -a ${word}`),
      ...options.map(({ name, description, takesValue, values }) => {
        const value = takesValue ? ' -r' : '';
        const some = values.length > 0 ? ` -f -a ${fishQuoted(values.join(' '))}` : '';
        return `${at} -l ${name.slice(2)}${value}${some} -d ${fishQuoted(description)}`;
      }),
    ];
  };
  const paths = nodes.filter(({ path }) => path !== '').map(({ path }) => fishQuoted(path));
  return `# fish completion for kling-sidecar: kling-sidecar completion fish > ~/.config/fish/completions/kling-sidecar.fish
function __kling_sidecar_at
    set -l at
    set -l skip 0
    for word in (commandline -opc)[2..]
        if test $skip = 1
            set skip 0
        else if contains -- $word ${valueOptions(nodes).join(' ')}
            set skip 1
        else if contains -- (string join ' ' $at $word) ${paths.join(' ')}
            set -a at $word
        end
    end
    set -l named (string join ' ' $at)
    test "$named" = "$argv"
end
${nodes.flatMap(lineOf).join('\n')}
`;
}

function fishQuoted(text: string): string {
  return `'${text.replaceAll('\\', String.raw`\\`).replaceAll("'", String.raw`\'`)}'`;
}
