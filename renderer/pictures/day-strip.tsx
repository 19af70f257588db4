/** One day: the worst that happened. */
export type StripDay = { readonly day: string; readonly outcome: 'ok' | 'failed' | 'running' | 'none' }

/** Fourteen days, oldest first. A failure has a cross, not only a colour; an empty day is an outline. */
export function DayStrip({ days, label }: { readonly days: readonly StripDay[]; readonly label: string }) {
  return (
    <svg width={days.length * 8} height="16" role="img" aria-label={label} className="day-strip">
      {days.map(({ day, outcome }, index) => (
        <g key={day} transform={`translate(${index * 8},0)`}>
          <title>{day}</title>
          <Day outcome={outcome} />
        </g>
      ))}
    </svg>
  )
}

function Day({ outcome }: Pick<StripDay, 'outcome'>) {
  switch (outcome) {
    case 'ok':
      return <rect x="1" y="3" width="5" height="10" rx="1" fill="var(--mark)" />
    case 'running':
      return <rect x="1" y="3" width="5" height="10" rx="1" fill="var(--active)" />
    case 'failed':
      return <path d="M1 4.5 6 11.5M6 4.5 1 11.5" stroke="var(--broken)" strokeWidth="1.8" />
    case 'none':
      return <rect x="1.5" y="9" width="4" height="3.5" rx="1" fill="none" stroke="var(--line-strong)" />
  }
}
