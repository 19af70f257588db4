/** What is selected of the backups, the same in picture and list. */
export type Selection = {
  /** Where the keys are; undefined before anything was chosen. */
  readonly at: string | undefined
  /** Where a range begins. */
  readonly anchor: string | undefined
  readonly ids: ReadonlySet<string>
}

/**
 * How a backup is chosen: `one` alone, `toggle` in or out, `range` from the anchor to it, `move` goes there and changes
 * nothing else.
 */
export type Choice = 'one' | 'toggle' | 'range' | 'move'

/** Just one backup, or none. */
export function selectionOf(id: string | undefined): Selection {
  return { at: id, anchor: id, ids: new Set(id === undefined ? [] : [id]) }
}

/** The choice that a click or a key makes with what is held down. */
export function choiceOf(held: {
  readonly shiftKey: boolean
  readonly ctrlKey: boolean
  readonly metaKey: boolean
}): Choice {
  if (held.shiftKey) return 'range'
  return held.ctrlKey || held.metaKey ? 'toggle' : 'one'
}

/**
 * The selection after a choice.
 *
 * @param order everything that a range may take, as it is shown; where the anchor or `id` is not in it, a range is `id` alone
 */
export function choose(before: Selection, id: string, how: Choice, order: readonly string[]): Selection {
  switch (how) {
    case 'one':
      return selectionOf(id)
    case 'move':
      return { ...before, at: id }
    case 'toggle': {
      const ids = new Set(before.ids)
      if (!ids.delete(id)) ids.add(id)
      return { at: id, anchor: id, ids }
    }
    case 'range': {
      const ends = [order.indexOf(before.anchor ?? id), order.indexOf(id)] as const
      if (ends.includes(-1)) return selectionOf(id)
      return {
        at: id,
        anchor: before.anchor ?? id,
        ids: new Set(order.slice(Math.min(...ends), Math.max(...ends) + 1)),
      }
    }
  }
}

/** All of them, from where the keys are. */
export function chooseAll({ at }: Selection, order: readonly string[]): Selection {
  return { at: at ?? order[0], anchor: at ?? order[0], ids: new Set(order) }
}

/** The selection as far as it is still there. The same value where all of it is, so that nothing is drawn anew. */
export function keepKnown(selection: Selection, known: ReadonlySet<string>): Selection {
  if (selection.ids.isSubsetOf(known)) return selection
  return { ...selection, ids: selection.ids.intersection(known) }
}
