import { execFileSync } from 'node:child_process'
import { expect, test } from 'vitest'
import { shellWord } from './shell-word.ts'

test.each(['/plain/path-1.0', 'with space', `quo'te`, '$(touch x)', '`id`', '', 'a;b', 'new\nline', '中文'])(
  'a shell reads %j back as one word',
  (text) => {
    expect(execFileSync('/bin/sh', ['-c', `printf %s ${shellWord(text)}`], { encoding: 'utf8' })).toBe(text)
  },
)

test('a harmless word stays readable', () => {
  expect(shellWord('/srv/pg@1:2,3+4%f')).toBe('/srv/pg@1:2,3+4%f')
})
