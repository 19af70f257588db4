import { expect, test } from 'vitest'
import type { RestoredRecord } from '../../api/contract/restored.ts'
import { EngineError } from '../../base/engine-error.ts'
import { ON_MAIN, runCli } from '../../testing/cli-world.ts'

const PAUSED: RestoredRecord = {
  dataDirectory: '/srv/restored',
  stage: 'recovering',
  server: {
    host: '127.0.0.1',
    port: '5433',
    state: 'paused',
    lsn: '0/3000060',
    lastCommitAt: undefined,
    problem: undefined,
  },
  log: {
    file: '/srv/restored.log',
    stop: 'recovery stopping at restore point "here"',
    serious: ['FATAL:  x'],
  },
  files: ['recovery.signal', 'backup_label.old'],
  settings: ["recovery_target_name = 'here'"],
  unmarkedSettings: [],
}
const LOOK = ['after-restore', ...ON_MAIN, '-D', '/srv/restored']

test('a restored server is looked at, also as JSON', async () => {
  const handlers = { 'restored.look': async () => PAUSED }
  const { status, out } = await runCli(LOOK, { handlers })
  expect(status).toBe(0)
  expect(out).toBe(
    'Recovery:  recovery is not over; the server on 127.0.0.1:5433 is paused at its target, read-only, at 0/3000060\n' +
      'Log:       recovery stopping at restore point "here"\n' +
      'Log:       FATAL:  x\n' +
      'Files:     recovery.signal, backup_label.old\n' +
      'Settings:  1 of the restore, in postgresql.auto.conf:\n' +
      "           recovery_target_name = 'here'\n",
  )
  const json = await runCli([...LOOK, '--format=json'], { handlers })
  expect(JSON.parse(json.out)).toMatchObject({
    stage: 'recovering',
    server: { state: 'paused' },
    log: { serious: ['FATAL:  x'] },
  })
})

test('it is promoted and cleaned up in this order, and a refusal is told', async () => {
  const asked: string[] = []
  const { status } = await runCli([...LOOK, '--promote', '--clean-up'], {
    handlers: {
      'restored.promote': async () => (asked.push('promote'), PAUSED),
      'restored.clean-up': async () => (asked.push('clean-up'), PAUSED),
      'restored.look': async () => PAUSED,
    },
  })
  expect([status, asked]).toEqual([0, ['promote', 'clean-up']])
  const refused = await runCli([...LOOK, '--clean-up'], {
    handlers: {
      'restored.clean-up': async () => {
        throw new EngineError('plan.refused', 'recovery is not over', { hint: 'Promote it first.' })
      },
    },
  })
  expect(refused.status).toBe(1)
  expect(refused.err).toContain('recovery is not over')
})
