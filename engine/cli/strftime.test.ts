import { execFileSync } from 'node:child_process'
import { expect, test } from 'vitest'
import { strftime } from './strftime.ts'

const ESCAPES = 'aAbBCdDeFgGhHIjklmMnpPrRsStTuUVwWyYz%'

test('fills every escape as the C library does', () => {
  // The days around the turn of a year are where the week numbers differ.
  const days = [
    '2024-12-29',
    '2024-12-30',
    '2025-01-01',
    '2026-02-28',
    '2026-11-21',
    '2027-01-01',
    '2027-01-03',
  ]
  const pattern = [...ESCAPES].map((escape) => `%${escape}`).join('|')
  for (const day of days) {
    const at = new Date(`${day}T05:06:07`)
    const seconds = Math.floor(at.getTime() / 1000)
    const expected = execFileSync('date', ['-d', `@${seconds}`, `+${pattern}`], {
      encoding: 'utf8',
      env: { ...process.env, LC_ALL: 'C' },
    })

    expect(`${strftime(pattern, at)}\n`).toBe(expected)
  }
})

test('refuses escapes that depend on a locale, and unfinished ones', () => {
  for (const pattern of ['%c', '%Ey', '%Q', 'log%']) {
    expect(() => strftime(pattern, new Date(0))).toThrow(expect.objectContaining({ code: 'usage.invalid' }))
  }
})
