/**
 * The executable. `daemon` is the engine, `oci` an OCI runtime and everything else the command line; each loads only its own code, so that
 * a command starts without the engine's. No top-level await: bytecode is made for CommonJS only.
 */
void run(process.argv.slice(2));

/** Exported for nobody: it makes this file a module. */
export async function run(argv: readonly string[]): Promise<void> {
  if (argv[0] === 'daemon') {
    const { runDaemon } = await import('./daemon.ts');
    // Nothing may hold an engine back that has stopped.
    process.exit(await runDaemon(argv.slice(1)));
  }
  if (argv[0] === 'oci') {
    const { runOci } = await import('./oci/main.ts');
    process.exit(await runOci(argv.slice(1)));
  }
  const { main, processIo } = await import('../cli/index.ts');
  // All is written when it resolves; a terminal that is still being read must not hold the process.
  process.exit(await main(argv, processIo()));
}
