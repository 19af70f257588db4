import { describe, expect, test } from 'vitest'
import type { IsoTime } from '../../base/iso-time.ts'
import type { ArchivingFacts } from '../../server/postgres/archiving-facts.ts'
import { archiveCommand, planWalSetup } from './plan.ts'

const FACTS: ArchivingFacts = {
  major: 17,
  isInRecovery: false,
  role: 'backup',
  canReplicate: true,
  canSwitch: true,
  walLevel: 'replica',
  archiveMode: 'on',
  archiveCommand: 'tidemark archive-push -B /backup --instance=main --wal-file-path=%p --wal-file-name=%f',
  archiveLibrary: '',
  maxWalSenders: 10,
  usedWalSenders: 1,
  maxSlots: 10,
  slots: [],
  synchronousStandbyNames: '',
  archiver: {
    archivedCount: 3,
    lastArchivedWal: '000000010000000000000003',
    lastArchivedAt: '2026-11-21T10:00:00.000Z' as IsoTime,
    failedCount: 0,
    lastFailedWal: undefined,
    lastFailedAt: undefined,
    waitingCount: 0,
  },
}
const ASKED = {
  catalog: '/backup',
  instance: 'main',
  program: 'tidemark',
  slot: 'tidemark_main',
  refusal: undefined,
  isReceiving: false,
}

const plan = (facts: Partial<ArchivingFacts>, asked: Partial<typeof ASKED> = {}) =>
  planWalSetup({ ...FACTS, ...facts }, { ...ASKED, ...asked })
const codes = ({ notes }: { readonly notes: readonly { readonly code: string }[] }) =>
  notes.map(({ code }) => code)

describe('archive_command', () => {
  test('that works needs nothing', () => {
    const { command } = plan({})
    expect(command).toMatchObject({ state: 'works', settings: [], sql: '', needsRestart: false })
    expect(codes(command)).toContain('archiver-works')
  })

  test('is set together with archive_mode, which needs a restart', () => {
    const { command } = plan({ archiveMode: 'off', archiveCommand: '(disabled)' })
    expect(command.state).toBe('needs-change')
    expect(command.needsRestart).toBe(true)
    expect(command.sql).toBe(
      "ALTER SYSTEM SET archive_mode = 'on';\n" +
        "ALTER SYSTEM SET archive_command = 'tidemark archive-push -B /backup --instance=main --wal-file-path=%p --wal-file-name=%f';\n",
    )
  })

  test('of another archive is changed without a restart', () => {
    const { command } = plan({ archiveCommand: 'cp %p /elsewhere/%f' })
    expect(command.needsRestart).toBe(false)
    expect(command.sql).toMatch(/SELECT pg_reload_conf\(\);\n$/)
    expect(codes(command)).toContain('command-elsewhere')
  })

  test.each([
    '/usr/bin/tidemark archive-push -B /backup --instance=main --wal-file-path=%p --wal-file-name=%f',
    "'/opt/my tools/tidemark' archive-push -B '/backup' --instance main --wal-file-name=%f -j 4",
    'pg_probackup archive-push -B /backup --instance=main --wal-file-name=%f',
  ])('leads here: %s', (archiveCommandNow) => {
    expect(plan({ archiveCommand: archiveCommandNow }).command.settings).toEqual([])
  })

  test('of another instance of the same catalog leads elsewhere', () => {
    const archiveCommandNow = 'tidemark archive-push -B /backup --instance=main2 --wal-file-name=%f'
    expect(plan({ archiveCommand: archiveCommandNow }).command.state).toBe('needs-change')
  })

  test('that fails since it worked last is a problem', () => {
    const archiver = {
      ...FACTS.archiver,
      archivedCount: 3,
      waitingCount: 4,
      failedCount: 7,
      lastArchivedWal: undefined,
      lastArchivedAt: '2026-11-21T10:00:00.000Z' as IsoTime,
      lastFailedWal: '000000010000000000000004',
      lastFailedAt: '2026-11-21T10:01:00.000Z' as IsoTime,
    }
    const { command } = plan({ archiver })
    expect(command.notes.find(({ code }) => code === 'archiver-fails')).toMatchObject({
      state: 'problem',
      text: expect.stringContaining('7 failures') as string,
    })
    expect(codes(command)).toContain('archiver-waits')
    expect(command.state).toBe('needs-change')
  })

  test('on a standby counts only with archive_mode=always', () => {
    const on = plan({ isInRecovery: true })
    expect(on.role).toBe('standby')
    expect(codes(on.command)).toContain('standby-needs-always')
    expect(on.command.sql).toContain("archive_mode = 'always'")
    const always = plan({ isInRecovery: true, archiveMode: 'always' })
    expect(always.command.settings).toEqual([])
    expect(codes(always.command)).toContain('standby-always')
  })

  test('is not called beside a library', () => {
    const { command } = plan({ archiveLibrary: 'basic_archive' })
    expect(command.sql).toContain("ALTER SYSTEM SET archive_library = ''")
  })

  test('keeps every character of a path through the server, the shell and the configuration file', () => {
    expect(archiveCommand({ catalog: "/my 100% o'k", instance: 'main', program: 'tidemark' })).toBe(
      String.raw`tidemark archive-push -B '/my 100%% o'\''k' --instance=main --wal-file-path=%p --wal-file-name=%f`,
    )
    const { command } = plan({ archiveCommand: '' }, { catalog: "/o'k" })
    expect(command.configuration).toContain(String.raw`-B ''/o''\\''''k''`)
    expect(command.sql).toContain(String.raw`-B ''/o''\''''k''`)
  })
})

describe('the receiver', () => {
  test('needs nothing of a usual server', () => {
    const { receiver } = plan({ archiveMode: 'off' })
    expect(receiver).toMatchObject({ state: 'ready', sql: '', needsRestart: false })
    expect(receiver.commandLine).toBe(
      'tidemark receive-wal -B /backup --instance=main --slot=tidemark_main --create-slot',
    )
    expect(plan({}, { isReceiving: true }).receiver.state).toBe('works')
  })

  test('needs more than wal_level=minimal', () => {
    const { receiver } = plan({ walLevel: 'minimal', maxWalSenders: 0, usedWalSenders: 0 })
    expect(receiver.needsRestart).toBe(true)
    expect(receiver.sql).toContain("ALTER SYSTEM SET wal_level = 'replica'")
    expect(receiver.sql).toContain('max_wal_senders')
  })

  test('needs a free connection and a free slot, but for the ones it has already', () => {
    const full = { usedWalSenders: 10, slots: Array.from({ length: 10 }, (_, index) => `slot_${index}`) }
    const { receiver } = plan(full)
    expect(receiver.settings.map(({ name, wanted }) => `${name} ${wanted}`)).toEqual([
      'max_wal_senders 11',
      'max_replication_slots 11',
    ])
    const running = plan(full, { isReceiving: true, slot: 'slot_3' }).receiver
    expect(running.settings).toEqual([])
  })

  test('needs a role that may replicate, and an entry in pg_hba.conf', () => {
    expect(plan({ canReplicate: false, role: 'Backup' }).receiver.sql).toBe(
      'ALTER ROLE "Backup" WITH REPLICATION;\n',
    )
    const refused = planWalSetup(FACTS, { ...ASKED, refusal: { message: 'no entry', remedy: undefined } })
    expect(codes(refused.receiver)).toContain('replication-refused')
    expect(refused.receiver.state).toBe('needs-change')
  })

  test.each(['*', 'FIRST 1 (*)', 'ANY 1 (a, *)'])('may hold up commits under %s', (names) => {
    expect(codes(plan({ synchronousStandbyNames: names }).receiver)).toContain('sync-standby-any')
  })
})
