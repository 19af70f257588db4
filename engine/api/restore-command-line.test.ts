import { execFileSync } from 'node:child_process'
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

  const words = execFileSync('sh', ['-c', `printf '%s\\n' ${line}`], { encoding: 'utf8' })
    .trimEnd()
    .split('\n')

  expect(words).toEqual([
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
