import { expect, test } from 'vitest'
import { WAL_SETUP_NOTES } from '../../../engine/base/wal-setup-notes.ts'
import { walEn } from '../../lib/locales/wal-en.ts'

const AREA = 'wal-note.'

test('the English window says the notes of the set-up as the engine does', () => {
  const texts = Object.fromEntries(
    Object.entries(walEn)
      .filter(([key]) => key.startsWith(AREA))
      .map(([key, text]) => [key.slice(AREA.length), text.replaceAll(/\{\{(\w+)\}\}/g, '{$1}')]),
  )
  expect(texts).toEqual(WAL_SETUP_NOTES)
})
