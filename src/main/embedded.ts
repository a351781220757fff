import hello from '../../build/hello' with { type: 'file' };
import launcher from '../../build/launcher' with { type: 'file' };

/** What the executable carries: paths that `readFileSync` can read, inside the executable or in the build folder. */
export const embedded: { readonly launcher: string; readonly hello: string } = { launcher, hello };
