import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { EngineError } from '../base/engine-error.ts'
import { COMMAND_NAMES, MISSING_COMMANDS } from './command-list.ts'
import { type CommandLine, formatCommandLine, parseCommandLine } from './command-line.ts'
import type { OptionSpec } from './options/option.ts'
import { REFUSED_OPTIONS } from './options/refused.ts'
import { OPTIONS, optionsOf } from './options.ts'

const good: [string, string, CommandLine['options']][] = [
  ['a long option with =', 'show --backup-path=/srv/c', { 'backup-path': '/srv/c' }],
  ['a long option with its value behind it', 'show --backup-path /srv/c', { 'backup-path': '/srv/c' }],
  ['a short option with its value behind it', 'show -B /srv/c', { 'backup-path': '/srv/c' }],
  ['a short option with a bundled value', 'show -B/srv/c', { 'backup-path': '/srv/c' }],
  ['a bundled number', 'backup -j4', { threads: '4' }],
  [
    'bundled flags, the last with a value',
    'backup -Cwj4',
    {
      'smooth-checkpoint': true,
      'no-password': true,
      threads: '4',
    },
  ],
  ['an unmistakable beginning', 'show --inst=main', { instance: 'main' }],
  [
    'an older spelling',
    'restore --xid=42 --inclusive=off',
    {
      'recovery-target-xid': '42',
      'recovery-target-inclusive': 'off',
    },
  ],
  ['the other meaning of a letter', 'restore -S standby_1', { 'primary-slot-name': 'standby_1' }],
  [
    'a repeated option',
    'restore -T /a=/b --tablespace-mapping /c=/d',
    {
      'tablespace-mapping': ['/a=/b', '/c=/d'],
    },
  ],
  ['a repeated flag', 'backup --progress --progress', { progress: true }],
  ['a mode in lower case', 'backup -b full', { 'backup-mode': 'full' }],
  ['a value that looks like an option', 'backup --note --progress', { note: '--progress' }],
  ['an empty value for a saved setting', 'set-config --pghost=', { pghost: '' }],
  ['help of a command', 'backup --help', { help: true }],
  ['help of a command by letter', 'backup -?', { help: true }],
]

test.each(good)('reads %s', (_what, line, options) => {
  expect(parseCommandLine(line.split(' ')).options).toEqual(options)
})

const bad: [string, RegExp, RegExp?][] = [
  ['', /no command was given/, /tidemark help/],
  ['shwo', /no command "shwo"/, /"show"/],
  ['-B /srv/c show', /command must come before/],
  ['show --fromat=json', /no option --fromat/, /--format/],
  ['show --instance', /--instance needs a value/],
  ['show -B', /-B needs a value/],
  ['show --format=xml', /bad value for --format/],
  ['show -B relative', /not an absolute path/],
  ['show -Z', /no option -Z/],
  ['show main', /"main" is more than "show" takes/],
  ['show --instance=', /not empty/],
  ['show --instance=a --instance=b', /given twice/],
  ['show --instance=a/../etc', /bad value for --instance: .*holds a slash/],
  ['backup --stream=yes', /takes no value/],
  ['backup -j 0', /not between 1 and 64/],
  ['backup --recovery-target-time=2026', /no option/],
  ['backup --ttl=3w', /unknown unit/],
  ['backup --expire-time=2026-02-30', /not a time/],
  ['backup --note=' + 'x'.repeat(1025), /longer than 1024 bytes/],
  ['backup --compress-level=23', /not between 0 and 22/],
  ['backup -b P', /more than one of/],
  ['restore --re=1', /more than one option/],
  ['restore -T /a', /OLD=NEW/],
  ['restore -i TOT-EK', /not a backup ID/],
  ['restore --recovery-target-lsn=12', /not an LSN/],
  ['help backup show', /more than "help" takes/],
]

test.each(bad)('refuses "%s"', (line, message, hint) => {
  const error = failure(line.split(' ').filter((word) => word !== ''))

  expect(error.code).toBe('usage.invalid')
  expect(error.message).toMatch(message)
  if (hint !== undefined) expect(error.hint).toMatch(hint)
})

describe('a password on the command line', () => {
  const lines = [
    'backup -W s3cret',
    'backup -Ws3cret',
    'backup --password=s3cret',
    'backup --password s3cret',
  ]

  test.each(lines)('is refused and not repeated: %s', (line) => {
    const error = failure(line.split(' '))

    expect(error.message).toBe('a password was given on the command line')
    expect(`${error.message} ${error.hint}`).not.toContain('s3cret')
  })
})

test.each(Object.keys(MISSING_COMMANDS))('says plainly that this version has no %s', (name) => {
  const error = failure([name, '-B', '/srv/c'])

  expect(error.message).toBe(`this version of Tidemark does not have the command "${name}"`)
  expect(error.hint).toBeTruthy()
})

const refusals = REFUSED_OPTIONS.flatMap((option) =>
  option.commands.map((command) => [command, option.long, option] as const),
)

test.each(refusals)('%s refuses --%s by name', (command, long, option) => {
  expect(failure([command, `--${long}${option.hasValue ? '=x' : ''}`]).message).toMatch(
    new RegExp(`^--${long} is not available: .`),
  )
  if (option.short !== undefined) {
    expect(failure([command, `-${option.short}`, 'x']).message).toContain(`--${long} is not available`)
  }
})

test.each(COMMAND_NAMES)('the names and letters of %s mean one thing each', (command) => {
  const specs = [...optionsOf(command), ...REFUSED_OPTIONS.filter((each) => each.commands.includes(command))]
  const names = specs.flatMap((spec) => [spec.long, ...('aliases' in spec ? (spec.aliases ?? []) : [])])
  const letters = specs.flatMap(({ short }) => short ?? [])

  expect(names).toEqual([...new Set(names)])
  expect(letters).toEqual([...new Set(letters)])
})

test('every command line that is written is read back as it was', () => {
  fc.assert(
    fc.property(commandLines(), (line) => {
      expect(parseCommandLine(formatCommandLine(line))).toEqual(line)
    }),
    { numRuns: 500 },
  )
})

function failure(argv: readonly string[]): EngineError {
  try {
    parseCommandLine(argv)
  } catch (thrown) {
    if (thrown instanceof EngineError) return thrown
    throw thrown
  }
  throw new Error(`${argv.join(' ')} was accepted`)
}

function commandLines(): fc.Arbitrary<CommandLine> {
  return fc.constantFrom(...COMMAND_NAMES).chain((command) => {
    const specs = OPTIONS.filter((option) => option.commands.includes(command))
    const options = fc.record(Object.fromEntries(specs.map((spec) => [spec.long, valuesOf(spec)])), {
      requiredKeys: [],
    }) as fc.Arbitrary<CommandLine['options']>
    const words =
      command === 'help' ? fc.array(fc.constantFrom(...COMMAND_NAMES), { maxLength: 1 }) : fc.constant([])
    return fc.record({ command: fc.constant(command), words, options })
  })
}

function valuesOf(spec: OptionSpec): fc.Arbitrary<string | true | string[]> {
  const one = textsOf(spec)
  if (one === undefined) return fc.constant(true as const)
  return spec.isRepeatable === true ? fc.array(one, { minLength: 1, maxLength: 3 }) : one
}

function textsOf({ value }: OptionSpec): fc.Arbitrary<string> | undefined {
  const paths = fc.string({ minLength: 1, maxLength: 20 }).map((text) => `/${text.replaceAll('\0', '')}`)
  switch (value.kind) {
    case 'flag':
      return undefined
    case 'text':
      return value.pattern === undefined
        ? fc.string({ minLength: 1, maxLength: value.maxBytes === undefined ? 40 : value.maxBytes / 4 })
        : fc.stringMatching(value.pattern)
    case 'path':
    case 'path-list':
      return paths.map((path) => path.replaceAll(':', ''))
    case 'integer':
      return fc.integer({ min: value.min, max: value.max }).map(String)
    case 'duration':
      return fc
        .tuple(fc.nat(1_000_000), fc.constantFrom('', 'ms', 's', 'min', 'h', 'd'))
        .map(([number, unit]) => `${number}${unit}`)
    case 'kilobytes':
      return fc
        .tuple(fc.nat(100_000), fc.constantFrom('', 'kB', 'MB'))
        .map(([number, unit]) => `${number}${unit}`)
    case 'choice':
      return fc.constantFrom(...value.choices)
    case 'boolean':
      return fc.constantFrom('true', 'false', 'on', 'off', '1', '0')
    case 'moment':
      return fc.constantFrom(
        '2026-11-21',
        '2026-11-21 10:00:00',
        '2026-11-21 10:00:00.25+08',
        '2026-11-21T10:00Z',
      )
    case 'mapping':
      return fc.constantFrom('/a=/b', '/with\\=sign=/c')
    case 'backup-id':
      return fc.constantFrom('TOTTEK', 'totugh')
    case 'instance-name':
      return fc.constantFrom('main', 'shop-15', '数据库')
    case 'lsn':
      return fc.constantFrom('0/3000028', '16/B374D848')
  }
}
