import { type Chromium, launchChromium } from './chromium.ts'

let started: Promise<Chromium> | undefined

/** The one Chromium behind all windows, started when it is first needed. */
export function browser(): Promise<Chromium> {
  started ??= launchChromium()
  return started
}
