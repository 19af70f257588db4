import { EngineError } from '../../base/engine-error.ts'
import { requireWalSegmentBytes } from '../../base/wal-segment.ts'
import { configNumber, type InstanceConfig } from '../../format/instance-config.ts'

/**
 * How many bytes a WAL segment of the instance has: as the control file of its server says, else as it was saved when the
 * instance was added; 16 MiB where that is not in pg_probackup.conf.
 *
 * @throws {EngineError} `value.malformed` when what was saved is no such size
 */
export function requireSegmentSize(
  control: { readonly walSegmentBytes: number } | undefined,
  config: InstanceConfig,
  instance: string,
): number {
  const bytes = control?.walSegmentBytes ?? configNumber(config, 'xlog-seg-size') ?? 0
  try {
    return requireWalSegmentBytes(bytes)
  } catch (thrown) {
    throw new EngineError(
      'value.malformed',
      `pg_probackup.conf of instance "${instance}" has the xlog-seg-size ${bytes}, which no WAL segment has`,
      {
        hint: 'Put the right one back, as in "xlog-seg-size = 16777216": pg_controldata tells it in bytes.',
        facts: { instance },
        cause: thrown,
      },
    )
  }
}
