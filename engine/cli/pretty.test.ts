import { expect, test } from 'vitest'
import { formatJson } from './json-text.ts'
import { prettyDuration, prettySize } from './pretty.ts'

test.each([
  [undefined, '0'],
  [-1, '0'],
  [0, '0'],
  [1, '1B'],
  [10239, '10239B'],
  [10240, '10kB'],
  [10752, '11kB'],
  [8008355, '7821kB'],
  [1048576, '1024kB'],
  [10485247, '10239kB'],
  [10485248, '10MB'],
  [16777216, '16MB'],
  [32420215, '31MB'],
  [10736893952, '10GB'],
  [10994579406848, '10TB'],
  [123456789012345, '112TB'],
])('shows %s bytes as %s', (bytes, text) => {
  expect(prettySize(bytes)).toBe(text)
})

test.each([
  [-5, '0'],
  [0, '0'],
  [0.02, '20ms'],
  [10, '10s'],
  [1.5, '1s:500ms'],
  [130, '2m:10s'],
  [3900, '1h:5m'],
  [183600, '2d:3h'],
])('shows %s seconds as %s', (seconds, text) => {
  expect(prettyDuration(seconds)).toBe(text)
})

test('writes JSON with four spaces, without what is undefined, and with line breaks in empty lists', () => {
  const value = {
    name: 'a "b"\n',
    none: undefined,
    big: 18446744073709551615n,
    list: [],
    nested: [{ is: true }],
  }

  expect(formatJson(value)).toBe(`{
    "name": "a \\"b\\"\\n",
    "big": 18446744073709551615,
    "list": [
    ],
    "nested": [
        {
            "is": true
        }
    ]
}
`)
})
