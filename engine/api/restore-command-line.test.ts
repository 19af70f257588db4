import { execFileSync } from 'node:child_process'
import { assert, property, string } from 'fast-check'
import { expect, test } from 'vitest'
import type { BackupId } from '../base/backup-id.ts'
import type { InstanceName } from '../base/instance-name.ts'
import { restoreCommandLine } from './restore-command-line.ts'

const request = {
  catalog: '/backup',
  instance: 'main' as InstanceName,
  id: 'TOTTEK' as BackupId,
  dataDirectory: '/restore/main',
}

/** What a shell makes of a line. */
function wordsOf(line: string): readonly string[] {
  return execFileSync('sh', ['-c', `printf '%s\\0' ${line}`], { encoding: 'utf8' })
    .split('\0')
    .slice(0, -1)
}

test('a plain restore is a short line', () => {
  expect(restoreCommandLine(request)).toBe(
    'tidemark restore -B /backup --instance=main -i TOTTEK -D /restore/main',
  )
})

test('a shell takes paths with spaces, quotes and equals signs as they are', () => {
  const line = restoreCommandLine({
    ...request,
    dataDirectory: "/tmp/it's here",
    tablespaceMapping: [{ from: '/srv/a=b', to: '/srv/new one' }],
    target: { kind: 'time', at: '2026-11-20 09:12:41.118+08' },
  })

  expect(wordsOf(line)).toEqual([
    'tidemark',
    'restore',
    '-B',
    '/backup',
    '--instance=main',
    '-i',
    'TOTTEK',
    '-D',
    "/tmp/it's here",
    '--recovery-target-time=2026-11-20 09:12:41.118+08',
    '-T',
    String.raw`/srv/a\=b=/srv/new one`,
  ])
})

test('what is the default is left out, and what is not is said', () => {
  const isUsual = { isValidated: true, checksBlocks: true, isSynced: true, isForced: false, isReplica: false }
  expect(restoreCommandLine({ ...request, ...isUsual, skipsExternal: false })).toBe(
    restoreCommandLine(request),
  )
  expect(
    restoreCommandLine({
      ...request,
      target: { kind: 'xid', xid: '739' },
      isInclusive: false,
      targetTimeline: 'latest',
      targetAction: 'promote',
      restoreCommand: 'cp /wal/%f %p',
      externalMapping: [{ from: '/a', to: '/b' }],
      skipsExternal: true,
      threads: 4,
      isValidated: false,
      checksBlocks: false,
      isSynced: false,
      isForced: true,
      isReplica: true,
      primaryConninfo: 'host=db',
      primarySlotName: 'slot',
    }).slice(restoreCommandLine(request).length),
  ).toBe(
    ' --recovery-target-xid=739 --recovery-target-inclusive=false --recovery-target-timeline=latest' +
      " --recovery-target-action=promote --restore-command='cp /wal/%f %p' --external-mapping='/a=/b'" +
      ' --skip-external-dirs -j 4 --no-validate --skip-block-validation --no-sync --force -R' +
      " --primary-conninfo='host=db' -S slot",
  )
})

test.each([
  [{ kind: 'immediate' }, '--recovery-target=immediate'],
  [{ kind: 'latest' }, '--recovery-target=latest'],
  [{ kind: 'lsn', lsn: '0/3000118' }, '--recovery-target-lsn=0/3000118'],
  [{ kind: 'name', name: "before; rm -rf '~'" }, "--recovery-target-name=before; rm -rf '~'"],
] as const)('the target %j is one word', (target, word) => {
  expect(wordsOf(restoreCommandLine({ ...request, target })).at(-1)).toBe(word)
})

test('a shell runs nothing and loses nothing, whatever a value holds', () => {
  const anyText = string({ unit: 'grapheme', maxLength: 12 }).filter((text) => !text.includes('\0'))
  const hostile = '$(touch x) `y` "z" \\ \' \n ; & | > < * ? ~ # ! {a,b}'
  assert(
    property(anyText, (text) => {
      const value = text + hostile + text
      const words = wordsOf(
        restoreCommandLine({
          ...request,
          catalog: value,
          dataDirectory: value,
          restoreCommand: value,
          primaryConninfo: value,
          primarySlotName: value,
          target: { kind: 'name', name: value },
        }),
      )
      expect(words).toEqual([
        'tidemark',
        'restore',
        '-B',
        value,
        '--instance=main',
        '-i',
        'TOTTEK',
        '-D',
        value,
        `--recovery-target-name=${value}`,
        `--restore-command=${value}`,
        `--primary-conninfo=${value}`,
        '-S',
        value,
      ])
    }),
    { numRuns: 40 },
  )
})
