import { useId } from 'react'
import type { InstanceSetting } from '../../../engine/api/contract/instances.ts'
import type { WireError } from '../../../engine/base/engine-error.ts'
import { type Say, useTexts } from '../../lib/i18n.ts'
import type { TextKey } from '../../lib/locales/en.ts'
import {
  type ConfigDraft,
  joinUnit,
  type SettingState,
  shownDefault,
  shownText,
  splitUnit,
  stateOf,
  unitsOf,
} from './config-draft.ts'

const MARKS: Readonly<Record<SettingState, string>> = {
  fixed: '▪',
  default: '',
  same: '◇',
  set: '◇',
  overridden: '◆',
}

/** One setting: what it means, its field, its default, and how it stands to that. */
export function SettingRow(props: {
  readonly setting: InstanceSetting
  readonly draft: ConfigDraft
  readonly problem: WireError | undefined
  /** Empty is back to the default. */
  readonly onText: (text: string) => void
}) {
  const { setting, draft, problem, onText } = props
  const { key, onlyIn } = setting
  const { say, language } = useTexts()
  const id = useId()
  const text = shownText(setting, draft)
  const state = stateOf(setting, draft)
  return (
    <tr className={key in draft ? 'is-changed' : undefined}>
      <th scope="row">
        <label htmlFor={id} className="mono">
          {key}
        </label>
        {onlyIn === undefined ? null : (
          <span className="config-only" title={say('config.only-in-hint')}>
            {say('config.only-in', { tool: onlyIn })}
          </span>
        )}
        <small id={`${id}-help`}>{say(`config.key.${key}` as TextKey)}</small>
      </th>
      <td>
        {setting.isFixed ? (
          <output id={id} className="mono">
            {text === '' ? say('config.not-set') : text}
          </output>
        ) : (
          <SettingField
            id={id}
            describedBy={problem === undefined ? `${id}-help` : `${id}-problem`}
            setting={setting}
            text={text}
            isWrong={problem !== undefined}
            onText={onText}
          />
        )}
        {problem === undefined ? null : (
          <p id={`${id}-problem`} className="status broken config-problem" role="alert">
            ✕ {problemWords(say, language, setting, problem)}
          </p>
        )}
      </td>
      <td className="mono">
        {shownDefault(setting) ?? <span className="quiet">{say('config.not-set')}</span>}
      </td>
      <td>
        <span className={`config-mark ${state}`}>
          {MARKS[state]} {say(`config.state-${state}`)}
        </span>
        {key in draft ? <span className="config-mark unsaved">✎ {say('config.unsaved')}</span> : null}
        {text === '' || setting.isFixed ? null : (
          <button
            type="button"
            className="button small"
            aria-label={say('config.reset-key', { key })}
            onClick={() => onText('')}
          >
            {say('config.reset')}
          </button>
        )}
      </td>
    </tr>
  )
}

function SettingField(props: {
  readonly id: string
  readonly describedBy: string
  readonly setting: InstanceSetting
  readonly text: string
  readonly isWrong: boolean
  readonly onText: (text: string) => void
}) {
  const { setting, text, onText } = props
  const { key, kind, choices, defaultValue } = setting
  const { say } = useTexts()
  const field = { id: props.id, 'aria-describedby': props.describedBy, 'aria-invalid': props.isWrong }
  if (kind === 'choice') {
    return (
      <select {...field} value={text} onChange={(event) => onText(event.target.value)}>
        <option value="">{say('config.state-default')}</option>
        {[...choices, ...(text === '' || choices.includes(text) ? [] : [text])].map((word) => (
          <option key={word}>{word}</option>
        ))}
      </select>
    )
  }
  const typed = { ...field, className: 'mono', spellCheck: false, autoComplete: 'off' }
  const units = unitsOf(setting)
  if (units.length === 0) {
    return (
      <input
        {...typed}
        {...(kind === 'number' ? { inputMode: 'numeric' } : {})}
        placeholder={defaultValue}
        value={text}
        onChange={(event) => onText(event.target.value)}
      />
    )
  }
  const { number, unit } = splitUnit(setting, text)
  return (
    <span className="config-amount">
      <input
        {...typed}
        inputMode="numeric"
        placeholder={splitUnit(setting, defaultValue ?? '').number}
        value={number}
        onChange={(event) => onText(joinUnit(event.target.value, unit))}
      />
      <select
        aria-label={say('config.unit-of', { key })}
        value={unit}
        disabled={number === ''}
        onChange={(event) => onText(joinUnit(number, event.target.value))}
      >
        {units.map((one) => (
          <option key={one}>{one}</option>
        ))}
      </select>
    </span>
  )
}

/** The engine's own words, or what the field takes where those are of another language. */
function problemWords(say: Say, language: string, setting: InstanceSetting, problem: WireError): string {
  if (language !== 'zh-CN')
    return [problem.message, problem.hint].filter((line) => line !== undefined).join('. ')
  const { kind, unit, least, most } = setting
  if (kind !== 'number') return say(`config.wants-${kind}`)
  return unit === undefined
    ? say('config.wants-number', { least: least ?? 0, most: most ?? '' })
    : say(`config.wants-${unit}`)
}
