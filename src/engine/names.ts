import { EngineError } from '../base/index.ts';

const pattern = /^[a-zA-Z0-9][a-zA-Z0-9_.-]+$/;

/** A container name without its leading slash. @throws {EngineError} InvalidArgument, in Docker's words. */
export function parseContainerName(text: string): string {
  const name = text.startsWith('/') ? text.slice(1) : text;
  if (!pattern.test(name)) {
    throw new EngineError('InvalidArgument', `Invalid container name (${text}), only [a-zA-Z0-9][a-zA-Z0-9_.-] are allowed`);
  }
  return name;
}

/** A made-up name, `calm_lovelace`, that `taken` does not know. `random` yields numbers in [0, 1). */
export function makeUpName(taken: (name: string) => boolean, random: () => number): string {
  const pick = (words: readonly string[]) => words[Math.floor(random() * words.length)]!;
  for (let attempt = 0; attempt < 20; attempt += 1) {
    const name = `${pick(adjectives)}_${pick(surnames)}`;
    if (!taken(name)) return name;
  }
  for (;;) {
    const name = `${pick(adjectives)}_${pick(surnames)}${Math.floor(random() * 1e6)}`;
    if (!taken(name)) return name;
  }
}

const adjectives = (
  'able agile airy amber ample apt balmy bold bonny brave breezy bright brisk calm candid careful cheerful civil clear clever coastal cosy ' +
  'crisp curious daring deft devoted eager early earnest easy even fair faithful fearless fine firm fleet fluent fond frank free fresh ' +
  'gentle genial giddy glad golden graceful grand handy happy hardy hearty helpful honest hopeful humble jaunty jolly jovial just keen kind ' +
  'lively loyal lucid lucky mellow merry mild modest neat nimble noble open patient placid plucky polite proud quick quiet rapid ready ' +
  'robust rosy serene sharp shiny silent simple sleek smart snug sober solid sound spry stable stately steady still stoic stout sturdy sunny ' +
  'sure swift tender tidy tireless tranquil trusty upbeat valiant vivid warm wise witty worthy zesty'
).split(' ');

// People who built computing, the sea's charts and the ways of standard cargo.
const surnames = (
  'allen amdahl anning babbage backus bartik bell berners bohr boole borg bose brooks buck cantor carson cerf chandra church clarke codd ' +
  'conway cray curie dahl darwin dijkstra dirac drake einstein eckert engelbart erdos euclid euler faraday fermat fermi feynman floyd ' +
  'franklin galileo galois gauss germain goedel goodall gray hamilton hamming hawking hertz hilbert hoare hodgkin hopper huffman hypatia ' +
  'iverson jennings johnson kahn kapitsa karp kay keller kepler kilby knuth kowalevski lamarr lamport laplace leibniz liskov lovelace ' +
  'maxwell mayer mcclintock mccarthy mclean meitner mendel mercator milner mirzakhani moore morse napier nash naur neumann newton nightingale ' +
  'noether noyce nygaard ohm pascal pasteur perlis perlman planck poincare ptolemy raman ramanujan ride ritchie rubin sagan sammet shannon ' +
  'shaw somerville stallman strachey sutherland tarjan tesla thompson torvalds turing varahamihira villani volta wiles wilkes wilkinson ' +
  'wilson wing wirth wozniak wright wu yalow yonath zuse'
).split(' ');
