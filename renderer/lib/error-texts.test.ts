import { describe, expect, test } from 'vitest'
import { ERROR_CODES, type ErrorCode } from '../../engine/base/error-codes.ts'
import { EngineError, toWireError } from '../../engine/base/engine-error.ts'
import { errorAdvice } from './error-advice.ts'
import { errorLine, errorTexts } from './error-texts.ts'
import { errorTitle } from './error-titles.ts'

const CODES = Object.keys(ERROR_CODES) as ErrorCode[]
const HAN = /\p{Script=Han}/u

const failure = new EngineError('storage.full', 'cannot write "/backup/x"', {
  hint: 'Free 3 GiB.',
  cause: new Error('ENOSPC'),
  facts: { path: '/backup/x' },
})

describe('a failure', () => {
  test('is told in English in the words of the engine', () => {
    expect(errorTexts(failure, 'en')).toEqual({
      title: 'The file system has no room left.',
      what: 'cannot write "/backup/x"',
      cause: 'ENOSPC',
      fix: 'Free 3 GiB.',
      original: undefined,
      raw: 'code: storage.full\npath: /backup/x',
    })
  })

  test('is told in Chinese with a title and advice, and the words of the engine as the original', () => {
    const { title, what, cause, fix, original } = errorTexts(toWireError(failure), 'zh-CN')
    expect({ title, what, cause, fix }).toEqual({
      title: '文件系统空间已满。',
      what: undefined,
      cause: undefined,
      fix: '请释放空间或换用更大的磁盘，然后重试。',
    })
    expect(original).toBe('cannot write "/backup/x"\nENOSPC\nFree 3 GiB.')
  })

  test('without a hint has the advice of its code', () => {
    const bare = new EngineError('usage.invalid', 'no such thing')
    expect(errorTexts(bare, 'en').fix).toBe('See tidemark help COMMAND.')
    expect(errorTexts(bare, 'zh-CN').original).toBe('no such thing')
  })

  test('fits a line: its sentence in English, its title in Chinese', () => {
    expect(errorLine(failure, 'en')).toBe('cannot write "/backup/x"')
    expect(errorLine(failure, 'zh-CN')).toBe('文件系统空间已满。')
  })
})

test('every code has a title and advice in each language, in its script', () => {
  expect(CODES.filter((code) => !HAN.test(errorTitle(code, 'zh-CN')))).toEqual([])
  expect(CODES.filter((code) => !HAN.test(errorAdvice(code, 'zh-CN')))).toEqual([])
  expect(CODES.filter((code) => !errorAdvice(code, 'zh-CN').endsWith('。'))).toEqual([])
  // What is written for the documentation would show its marks in a window.
  expect(CODES.filter((code) => /[`[\]]|\p{Script=Han}/u.test(errorAdvice(code, 'en')))).toEqual([])
})
