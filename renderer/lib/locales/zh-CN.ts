import { en, type TextKey } from './en.ts'

export const zhCN: Readonly<Record<TextKey, string>> = en
