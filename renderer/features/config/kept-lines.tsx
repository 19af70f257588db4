import type { KeptSetting } from '../../../engine/api/contract/instances.ts'
import { useTexts } from '../../lib/i18n.ts'

/** What stands in the file and is not known here. */
export function KeptLines({ kept }: { readonly kept: readonly KeptSetting[] }) {
  const { say } = useTexts()
  if (kept.length === 0) return null
  return (
    <section className="card" data-region>
      <h2>{say('config.kept')}</h2>
      <p className="quiet">{say('config.kept-text')}</p>
      <table className="plain config-table">
        <caption className="visually-hidden">{say('config.kept')}</caption>
        <thead>
          <tr>
            <th scope="col">{say('config.setting')}</th>
            <th scope="col">{say('config.value')}</th>
            <th scope="col">{say('config.kept-line')}</th>
          </tr>
        </thead>
        <tbody>
          {kept.map(({ key, line, value, onlyIn }) => (
            <tr key={line}>
              <th scope="row">
                <span className="mono">{key}</span>
                {onlyIn === undefined ? null : (
                  <span className="config-only" title={say('config.only-in-hint')}>
                    {say('config.only-in', { tool: onlyIn })}
                  </span>
                )}
              </th>
              <td className="mono">{value ?? <span className="quiet">{say('config.kept-hidden')}</span>}</td>
              <td className="numbers">{line}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </section>
  )
}
