import { EngineError } from '../../base/index.ts';
import { parsePlatform, type Platform } from '../../spec/index.ts';
import { atLines, didYouMean, dockerfileError, invalid, type LineRange } from '../dockerfile/dockerfile-error.ts';
import { expandWord } from '../dockerfile/expand.ts';
import type { Instruction, InstructionBody } from '../dockerfile/instructions.ts';
import { platformArguments, type BuildArguments } from './build-arguments.ts';

/** What a stage begins with, or copies from. */
export type Origin =
  | { readonly kind: 'stage'; readonly index: number }
  | { readonly kind: 'image'; readonly reference: string }
  | { readonly kind: 'scratch' };

/** One `FROM` and what follows it. */
export interface Stage extends LineRange {
  readonly index: number;
  readonly name?: string;
  readonly base: Origin;
  readonly platform: Platform;
  readonly instructions: readonly Instruction[];
  /** What `--from` names in this stage, by the word written. */
  readonly sources: ReadonlyMap<string, Origin>;
}

/** The stages of a build. */
export interface StagePlan {
  /** Those that the target needs, each after all it needs itself; the target is the last. */
  readonly stages: readonly Stage[];
  /** ARGs before the first FROM with their values: what an ARG without a value in a stage inherits. */
  readonly globals: ReadonlyMap<string, string>;
}

/** What decides about stages beside the Dockerfile. */
export interface StageInputs {
  readonly escape: '\\' | '`';
  readonly arguments: BuildArguments;
  readonly buildPlatform: Platform;
  readonly targetPlatform: Platform;
  /** A stage's name or number; the last stage where there is none. */
  readonly target?: string;
}

type From = Extract<Instruction, { readonly kind: 'from' }>;

/** The stages that the target needs. Pure. @throws {EngineError} InvalidArgument, for an unknown target, a blank base, a circle of stages. */
export function planStages(instructions: readonly Instruction[], inputs: StageInputs): StagePlan {
  const platforms = platformArguments(inputs.buildPlatform, inputs.targetPlatform);
  const first = instructions.findIndex(({ kind }) => kind === 'from');
  if (first < 0) throw new EngineError('InvalidArgument', 'dockerfile contains no stages to build');
  const globals = globalArguments(instructions.slice(0, first), inputs, platforms);
  const lookup = (name: string): string | undefined => globals.get(name) ?? inputs.arguments.get(name) ?? platforms.get(name);
  const groups = groupByStage(instructions.slice(first));
  const stages = groups.map((group, index) => toStage(group, index, groups, lookup, inputs));
  return { stages: inOrder(stages, targetOf(stages, inputs.target)), globals };
}

function globalArguments(
  instructions: readonly Instruction[],
  inputs: StageInputs,
  platforms: ReadonlyMap<string, string>,
): ReadonlyMap<string, string> {
  const globals = new Map<string, string>();
  const lookup = (name: string): string | undefined => globals.get(name) ?? platforms.get(name);
  for (const instruction of instructions) {
    if (instruction.kind !== 'arg') continue;
    for (const { name, value } of instruction.names) {
      const given = inputs.arguments.get(name);
      const own =
        value === undefined ? platforms.get(name) : atLines(instruction, () => expandWord(value, { escape: inputs.escape, lookup }));
      const result = given ?? own;
      if (result !== undefined) globals.set(name, result);
    }
  }
  return globals;
}

interface Group {
  readonly from: From;
  readonly rest: Instruction[];
}

function groupByStage(instructions: readonly Instruction[]): readonly Group[] {
  const groups: Group[] = [];
  for (const instruction of instructions) {
    if (instruction.kind === 'from') groups.push({ from: instruction, rest: [] });
    else groups.at(-1)?.rest.push(instruction);
  }
  return groups;
}

function toStage(
  { from, rest }: Group,
  index: number,
  groups: readonly Group[],
  lookup: (name: string) => string | undefined,
  inputs: StageInputs,
): Stage {
  return atLines(from, () => {
    const expand = (text: string): string => expandWord(text, { escape: inputs.escape, lookup });
    const image = expand(from.image);
    if (image === '') throw invalid(`base name (${from.image}) should not be blank`);
    const platform = from.platform === undefined ? '' : expand(from.platform);
    if (from.platform !== undefined && platform === '') throw invalid(`empty platform value from expression ${from.platform}`);
    // A base can only be a stage above; the last one of that name counts.
    const base = findLast(groups.slice(0, index), image);
    return {
      index,
      ...(from.name === undefined ? {} : { name: from.name }),
      base:
        base === undefined
          ? image === 'scratch'
            ? { kind: 'scratch' }
            : { kind: 'image', reference: image }
          : { kind: 'stage', index: base },
      platform: platform === '' ? inputs.targetPlatform : parsePlatform(platform, inputs.targetPlatform),
      instructions: rest,
      sources: sourcesOf(rest, groups),
      startLine: from.startLine,
      endLine: rest.at(-1)?.endLine ?? from.endLine,
    };
  });
}

function findLast(groups: readonly Group[], name: string): number | undefined {
  const index = groups.findLastIndex(({ from }) => from.name !== undefined && from.name === name.toLowerCase());
  return index < 0 ? undefined : index;
}

function sourcesOf(instructions: readonly Instruction[], groups: readonly Group[]): ReadonlyMap<string, Origin> {
  const sources = new Map<string, Origin>();
  for (const instruction of instructions) {
    for (const word of fromWords(instruction)) {
      if (/^\d+$/.test(word) && Number(word) >= groups.length)
        throw dockerfileError(`invalid from flag value ${word}: no stage has this number`, instruction);
      const index = /^\d+$/.test(word) ? Number(word) : findLast(groups, word);
      sources.set(word, index === undefined ? { kind: 'image', reference: word } : { kind: 'stage', index });
    }
  }
  return sources;
}

// A trigger of ONBUILD names stages of the build that will use the image, not of this one.
function fromWords(body: InstructionBody): readonly string[] {
  if (body.kind === 'copy') return body.from === undefined ? [] : [body.from];
  if (body.kind !== 'run') return [];
  return body.mounts.flatMap((mount) => (mount.type === 'bind' || mount.type === 'cache' ? (mount.from ?? []) : []));
}

function targetOf(stages: readonly Stage[], target: string | undefined): Stage {
  const found =
    target === undefined || target === ''
      ? stages.at(-1)
      : (stages.findLast(({ name }) => name === target.toLowerCase()) ?? (/^\d+$/.test(target) ? stages[Number(target)] : undefined));
  if (found !== undefined) return found;
  const names = stages.flatMap(({ name }) => name ?? []);
  throw invalid(`target stage ${JSON.stringify(target)} could not be found${didYouMean(target ?? '', names)}`);
}

// Depth first without recursion: a Dockerfile may have very many stages.
function inOrder(stages: readonly Stage[], target: Stage): readonly Stage[] {
  const ordered: Stage[] = [];
  const state = new Map<number, 'open' | 'done'>();
  const stack: Stage[] = [target];
  for (let stage = stack.at(-1); stage !== undefined; stage = stack.at(-1)) {
    const here = stage;
    if (state.get(here.index) === 'done') {
      stack.pop();
      continue;
    }
    state.set(here.index, 'open');
    const missing = needs(here).find((index) => state.get(index) !== 'done');
    if (missing === undefined) {
      state.set(here.index, 'done');
      ordered.push(here);
      continue;
    }
    const next = stages[missing];
    if (next === undefined || state.get(missing) === 'open')
      throw dockerfileError(`circular dependency detected on stage: ${here.name ?? here.index}`, here);
    stack.push(next);
  }
  return ordered;
}

function needs({ base, sources }: Stage): readonly number[] {
  return [base, ...sources.values()].flatMap((origin) => (origin.kind === 'stage' ? [origin.index] : []));
}
