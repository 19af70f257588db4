import { EventEmitter } from 'node:events'
import { loud } from './loud.ts'

type Theme = 'system' | 'light' | 'dark'

class NativeTheme extends EventEmitter {
  #source: Theme = 'system'

  get themeSource(): Theme {
    return this.#source
  }

  set themeSource(source: Theme) {
    if (source === this.#source) return
    this.#source = source
    this.emit('updated')
  }

  get shouldUseDarkColors(): boolean {
    return this.#source === 'dark'
  }

  /** The bar beside the clock does not follow the application. */
  readonly shouldUseDarkColorsForSystemIntegratedUI = false
}

const theme = new NativeTheme()
export const nativeTheme = loud('nativeTheme', theme)

/** Calls `listener` with the theme as it is, and whenever it changes. */
export function onTheme(listener: (source: Theme) => void): void {
  listener(theme.themeSource)
  theme.on('updated', () => listener(theme.themeSource))
}
