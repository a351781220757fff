/**
 * Runs everything that decides whether the tree is good: type check, lint, format, the tests beside the code, the house tests and the
 * system tests; ends with one line `N passed, N failed` and exits 1 when anything failed. `--quick` leaves the system tests out.
 * A test file that fails is run a second time, alone, and its second result counts; the first is printed as unstable (docs/decisions/006).
 */
import { Glob } from 'bun';
import { mkdirSync, readFileSync, rmSync } from 'node:fs';

const bun = 'node_modules/.bin/bun';
const quick = process.argv.includes('--quick');
const only = process.argv.slice(2).filter((word) => !word.startsWith('--'));
const perFileMs = 8 * 60_000;

interface Outcome {
  readonly passed: number;
  readonly failed: number;
  readonly output: string;
}

async function run(command: readonly string[], timeoutMs: number): Promise<{ readonly code: number; readonly output: string }> {
  const child = Bun.spawn({
    cmd: ['timeout', '-k', '10', String(Math.ceil(timeoutMs / 1000)), ...command],
    stdin: 'ignore',
    stdout: 'pipe',
    stderr: 'pipe',
    env: testEnvironment(),
  });
  const [out, err, code] = await Promise.all([new Response(child.stdout).text(), new Response(child.stderr).text(), child.exited]);
  return { code, output: out + err };
}

// What a developer's shell says about engines must not reach the tests.
function testEnvironment(): Record<string, string> {
  const kept = Object.entries(process.env).filter(([name]) => !/^(BERTH|DOCKER|COMPOSE|BUILDX|CONTAINER)_/.test(name)) as Array<
    [string, string]
  >;
  return { ...Object.fromEntries(kept), PATH: `${process.cwd()}/build/packages/docker/usr/bin:${process.env['PATH'] ?? ''}` };
}

async function step(name: string, command: readonly string[]): Promise<Outcome> {
  const started = performance.now();
  const { code, output } = await run(command, perFileMs);
  report(code === 0, name, 1, started);
  return { passed: code === 0 ? 1 : 0, failed: code === 0 ? 0 : 1, output: code === 0 ? '' : output };
}

async function testFile(file: string): Promise<Outcome> {
  const started = performance.now();
  let outcome = await bunTest(file);
  if (outcome.failed > 0) {
    console.log(`unstable ${file}: run once more; the first run said\n${indent(outcome.output)}`);
    outcome = await bunTest(file);
  }
  report(outcome.failed === 0, file, outcome.passed + outcome.failed, started);
  return outcome;
}

async function bunTest(file: string): Promise<Outcome> {
  const junit = `build/junit/${file.replaceAll('/', '_')}.xml`;
  rmSync(junit, { force: true });
  const { code, output } = await run(
    [bun, 'test', '--timeout', '120000', '--reporter=junit', `--reporter-outfile=${junit}`, `./${file}`],
    perFileMs,
  );
  let passed = 0;
  let failed = 0;
  try {
    const head = /<testsuites [^>]*tests="(\d+)"[^>]*failures="(\d+)"(?:[^>]*skipped="(\d+)")?/.exec(readFileSync(junit, 'utf8'));
    if (head !== null) {
      failed = Number(head[2]);
      passed = Number(head[1]) - failed - Number(head[3] ?? 0);
    }
  } catch {
    failed = 1; // No report: the runner died or was stopped.
  }
  // A crash, a time-out or a file without a single test must not look like success.
  if (failed === 0 && (code !== 0 || passed === 0)) failed = 1;
  return { passed, failed, output: failed > 0 ? output : '' };
}

function report(good: boolean, name: string, count: number, started: number): void {
  const seconds = ((performance.now() - started) / 1000).toFixed(1);
  console.log(`${good ? 'ok  ' : 'FAIL'} ${name} (${count}, ${seconds} s)`);
}

function indent(text: string): string {
  return text.replace(/^/gm, '    ');
}

mkdirSync('build/junit', { recursive: true });
const outcomes: Outcome[] = [];
if (only.length === 0) {
  outcomes.push(await step('type check', ['node_modules/.bin/tsc', '--noEmit']));
  outcomes.push(await step('lint', ['node_modules/.bin/oxlint', '--quiet']));
  outcomes.push(await step('format', ['node_modules/.bin/oxfmt', '--check', 'src', 'test', 'bench', 'tools']));
}
const pattern = quick ? '{src,test/house}/**/*.test.ts' : '{src,test}/**/*.test.ts';
const files = only.length > 0 ? only : [...new Glob(pattern).scanSync('.')].sort((a, b) => rank(a) - rank(b) || a.localeCompare(b));
for (const file of files) outcomes.push(await testFile(file));

function rank(file: string): number {
  return file.startsWith('src/') ? 0 : file.startsWith('test/house') ? 1 : 2;
}

const failures = outcomes.filter(({ failed }) => failed > 0);
for (const { output } of failures) console.log(`\n${output}`);
const total = (field: 'passed' | 'failed') => outcomes.reduce((sum, outcome) => sum + outcome[field], 0);
console.log(`${total('passed')} passed, ${total('failed')} failed`);
process.exit(failures.length > 0 ? 1 : 0);
