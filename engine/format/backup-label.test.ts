import { expect, test } from 'vitest'
import { parseLsn } from '../base/lsn.ts'
import { parseBackupLabel } from './backup-label.ts'

const LABEL = `START WAL LOCATION: 0/F00028 (file 00000001000000000000000F)
CHECKPOINT LOCATION: 0/F00060
BACKUP METHOD: streamed
BACKUP FROM: primary
START TIME: 2026-11-21 00:53:05 UTC
LABEL: 2026-11-21 00:53:05+00 with pg_probackup
START TIMELINE: 1
`

test('reads the label of a server', () => {
  expect(parseBackupLabel(LABEL)).toEqual({
    startLsn: parseLsn('0/F00028'),
    startSegment: '00000001000000000000000F',
    checkpointLsn: parseLsn('0/F00060'),
    timeline: 1,
    method: 'streamed',
    from: 'primary',
    startTime: '2026-11-21 00:53:05 UTC',
    label: '2026-11-21 00:53:05+00 with pg_probackup',
  })
})

test('takes CRLF, a colon in the label and lines of other versions', () => {
  const text = LABEL.replace(/LABEL:.*/, 'LABEL: at: noon\nINCREMENTAL FROM LSN: 0/1').replaceAll(
    '\n',
    '\r\n',
  )
  expect(parseBackupLabel(text)).toMatchObject({ label: 'at: noon', timeline: 1 })
})

test('a label of before 11 has no timeline', () => {
  const text = LABEL.replace(/START TIMELINE.*\n/, '').replace(/BACKUP FROM.*\n/, '')
  expect(parseBackupLabel(text)).toMatchObject({ timeline: undefined, from: undefined })
})

test.each([
  ['', 'START WAL LOCATION'],
  [LABEL.replace('(file', '(fil'), 'START WAL LOCATION'],
  [LABEL.replace('0/F00028', 'F00028'), 'START WAL LOCATION'],
  [LABEL.replace(/CHECKPOINT.*\n/, ''), 'CHECKPOINT LOCATION'],
  [LABEL.replace('TIMELINE: 1', 'TIMELINE: x'), 'START TIMELINE'],
])('a label without usable line is damaged (%#)', (text, line) => {
  expect(() => parseBackupLabel(text)).toThrow(
    expect.objectContaining({ code: 'format.damaged', message: `backup_label has no usable line "${line}"` }),
  )
})
