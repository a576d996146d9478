/** The commands as a list of plain values with their arguments, for generated scripts. */
import type { Command, Option } from 'commander';

export interface CommandNode {
  /** Its words, such as `budget raise`; empty for the program itself. */
  path: string;
  description: string;
  children: readonly { name: string; description: string }[];
  options: readonly OptionNode[];
  /** Words that its arguments may be, where they are fixed. */
  words: readonly string[];
}

export interface OptionNode {
  /** Such as `--format`. */
  name: string;
  description: string;
  takesValue: boolean;
  /** The values that are allowed, where they are fixed. */
  values: readonly string[];
}

/** Lists a command and all below it, parents first. */
export function commandNodes(command: Command, parents: readonly string[] = []): CommandNode[] {
  const own: CommandNode = {
    path: parents.join(' '),
    description: command.description(),
    children: command.commands.map((child) => ({ name: child.name(), description: child.description() })),
    options: [...command.options.flatMap(optionNode), HELP],
    words: command.registeredArguments.flatMap((argument) => argument.argChoices ?? []),
  };
  const below = command.commands.flatMap((child) => commandNodes(child, [...parents, child.name()]));
  return [own, ...below];
}

const HELP: OptionNode = {
  name: '--help',
  description: 'display help for command',
  takesValue: false,
  values: [],
};

function optionNode({ long, description, required, optional, argChoices }: Option): OptionNode[] {
  if (!long) return [];
  return [{ name: long, description, takesValue: required || optional, values: argChoices ?? [] }];
}
