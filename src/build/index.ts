export { expandWord, expandWords, type Expansion } from './dockerfile/expand.ts';
export type { CommandLine, HealthCheck, Instruction, InstructionBody, Pair, Transfer } from './dockerfile/instructions.ts';
export type { Directives, Heredoc } from './dockerfile/lex.ts';
export { parseDockerfile, type Ast, type Keyword, type Node } from './dockerfile/parse.ts';
export { readInstructions } from './dockerfile/read-instructions.ts';
export type { Owner, RunMount } from './dockerfile/run-mount.ts';
export { isPredeclared, platformArguments, type BuildArguments } from './graph/build-arguments.ts';
export { planStages, type Origin, type Stage, type StageInputs, type StagePlan } from './graph/stages.ts';
