import { expect, test } from 'vitest'
import { parseServerSettings } from '../../format/server-settings.ts'
import { type StartFacts, startLines } from './after-start.ts'

const ARCHIVES = "archive_mode = on\narchive_command = 'tidemark archive-push -B /b --instance=main %p'"

function linesOf(text: string | undefined, more: Partial<StartFacts> = {}) {
  return startLines({
    settings: text === undefined ? undefined : parseServerSettings([text]),
    slots: [],
    isInPlace: false,
    recoverySettings: "recovery_target_lsn = '0/1'\n",
    archive: { directory: '/b/wal/main', instance: 'main' },
    ...more,
  }).map(({ state, sentence }) => `${state} ${sentence.code}`)
}

test('a usual configuration has nothing that could surprise', () => {
  expect(linesOf('port = 5432')).toEqual(['ok leftovers-none', 'ok archives-nothing'])
})

test('a server beside the one of the instance warns of archiving, the one in its place does not', () => {
  expect(linesOf(ARCHIVES)).toContain('warning archives-same')
  expect(linesOf(ARCHIVES, { isInPlace: true })).toContain('ok archives-on')
  expect(linesOf("archive_mode=always\narchive_command='cp %p /b/wal/main/%f'")).toContain(
    'warning archives-same',
  )
  expect(linesOf(ARCHIVES.replace('=main', '=main-2'))).toContain('warning archives-elsewhere')
  expect(linesOf("archive_mode = on\narchive_library = 'basic_archive'")).toContain(
    'warning archives-elsewhere',
  )
})

test('archiving that does nothing is none', () => {
  expect(linesOf(ARCHIVES.replace('= on', '= off'))).toContain('ok archives-nothing')
  expect(linesOf("archive_mode = on\narchive_command = ''")).toContain('ok archives-nothing')
})

test('settings of a recovery are left over unless the restore sets them itself, or they are empty', () => {
  expect(linesOf("recovery_target_time = '2026-01-01'")).toContain('warning leftover-settings')
  expect(linesOf("archive_cleanup_command = 'pg_archivecleanup /b %r'")).toContain(
    'warning leftover-settings',
  )
  expect(linesOf("recovery_target_lsn = '0/5'")).toContain('ok leftovers-none')
  expect(linesOf("recovery_target_xid = ''")).toContain('ok leftovers-none')
})

test('what cannot be seen is not known, and no warning', () => {
  expect(linesOf(undefined)).toEqual(['unknown configuration-elsewhere'])
  expect(linesOf("include_dir = 'conf.d'")).toContain('unknown configuration-includes')
  expect(linesOf(`include_dir = 'conf.d'\n${ARCHIVES}`)).toContain('warning archives-same')
})

test('slots that come back are named', () => {
  expect(linesOf('', { slots: ['old', 'sub'] })).toContain('warning slots-restored')
})
