/** Which layers of the engine may be imported from each layer. This table is the architecture (ARCHITECTURE.md). */
const layers = {
  base: [],
  format: ['base'],
  kernel: ['base', 'format'],
  compression: ['base', 'format', 'kernel'],
  host: ['base'],
  jobs: ['base', 'host'],

  server: ['base', 'host', 'format'],
  catalog: ['base', 'format', 'host'],
  'wal-index': ['base', 'format', 'kernel', 'host', 'catalog'],
  operations: ['base', 'format', 'kernel', 'compression', 'host', 'server', 'catalog'],
  api: ['base', 'format', 'compression', 'host', 'server', 'catalog', 'wal-index', 'operations', 'jobs'],
  cli: ['base', 'api'],
  'web-host': ['base', 'api'],
  demo: ['base', 'api', 'web-host', 'host', 'server'],
}

/** Where a package may be imported: everywhere else uses what that place offers. */
const homes = {
  electron: '^electron/',
  react: '^renderer/',
  pg: '^engine/server/',
  zod: '^engine/api/',
  ws: '^engine/web-host/',
}

const tests = '[.](test|conformance|scenario)[.]tsx?$|^engine/(testing|scenarios|bench)/|^e2e/'

module.exports = {
  forbidden: [
    ...Object.entries(layers).map(([layer, below]) => ({
      name: `engine-${layer}-looks-down`,
      comment: `engine/${layer} may import from: ${[layer, ...below].join(', ')}.`,
      severity: 'error',
      from: { path: `^engine/${layer}/`, pathNot: tests },
      to: { path: '^engine/', pathNot: `^engine/(${[layer, ...below].join('|')})/` },
    })),
    ...Object.entries(homes).map(([pack, home]) => ({
      name: `${pack}-stays-home`,
      comment: `Only ${home} may import ${pack}; others use what it offers.`,
      severity: 'error',
      from: { pathNot: `${home}|${tests}` },
      to: { path: `node_modules/${pack}/`, dependencyTypesNot: ['type-only'] },
    })),
    {
      name: 'engine-stands-alone',
      comment: 'The engine runs without a desktop.',
      severity: 'error',
      from: { path: '^engine/', pathNot: tests },
      to: { path: '^(electron|renderer|e2e)/' },
    },
    {
      name: 'format-is-pure',
      comment: 'Codecs turn bytes into values. They open nothing.',
      severity: 'error',
      from: { path: '^engine/(base|format)/', pathNot: tests },
      to: { dependencyTypes: ['core'] },
    },
    {
      name: 'one-verb-one-folder',
      comment: 'One verb never imports another; shared steps live in operations/steps.',
      severity: 'error',
      from: { path: '^engine/operations/([^/]+)/', pathNot: tests },
      to: { path: '^engine/operations/', pathNot: '^engine/operations/($1|steps)/' },
    },
    {
      name: 'renderer-speaks-the-contract',
      comment: 'The window knows the engine only by its contract.',
      severity: 'error',
      from: { path: '^renderer/', pathNot: tests },
      to: { path: '^engine/', pathNot: '^engine/(api/contract/|api/(define|connect|port|wire)[.]ts|base/)' },
    },
    {
      name: 'features-do-not-mix',
      comment: 'Screens are composed in renderer/app.',
      severity: 'error',
      from: { path: '^renderer/features/([^/]+)/', pathNot: tests },
      to: { path: '^renderer/(features|app)/', pathNot: '^renderer/features/$1/' },
    },
    {
      name: 'pictures-know-values-only',
      comment: 'A picture is drawn from its props; it fetches nothing.',
      severity: 'error',
      from: { path: '^renderer/(pictures|ui)/', pathNot: tests },
      to: { path: '^renderer/(features|app)/|^engine/api/(connect|port)[.]ts' },
    },
    { name: 'no-cycles', severity: 'error', from: {}, to: { circular: true } },
    {
      name: 'no-import-of-tests',
      severity: 'error',
      from: { pathNot: tests },
      to: { path: '[.](test|conformance|scenario)[.]tsx?$|^engine/(testing|scenarios|bench)/' },
    },
    {
      name: 'resolvable',
      severity: 'error',
      from: {},
      to: { couldNotResolve: true, pathNot: '^(electron|virtual:)' },
    },
  ],
  options: {
    tsPreCompilationDeps: true,
    doNotFollow: { path: 'node_modules' },
    exclude: '^(dist|[.]tsbuild|release)/',
    enhancedResolveOptions: {
      extensions: ['.ts', '.tsx', '.js', '.mjs', '.cjs', '.json'],
      exportsFields: ['exports'],
      conditionNames: ['import', 'node', 'default', 'types'],
    },
  },
}
