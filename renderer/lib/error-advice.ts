import { ERROR_ADVICE } from '../../engine/base/error-advice.ts'
import type { ErrorCode } from '../../engine/base/error-codes.ts'

/** What helps after a failure, in Chinese; in English the engine's own table says it. */
const CHINESE: Readonly<Record<ErrorCode, string>> = {
  'value.malformed': '请更正原文中提到的值。',
  'storage.not-found': '请检查路径是否正确，以及所在磁盘是否已挂载。',
  'storage.exists': '请查看已存在的内容；如果另一个操作刚刚开始，请等它结束后重试。',
  'storage.not-empty': '请另选目录，或移走其中的文件。',
  'storage.denied': '请以文件所有者的身份运行 Tidemark，或授予它读写权限。',
  'storage.full': '请释放空间或换用更大的磁盘，然后重试。',
  'storage.failed': '请检查磁盘和操作系统日志。',
  'format.damaged': '请校验该实例；改用其他备份，或从来源处重新获取该文件。',
  'format.unsupported': '请确认目录无误；若无误，请使用写入该文件的程序，或更新版本的 Tidemark。',
  'catalog.not-found':
    '请检查路径及其所在磁盘是否已挂载；备份目录应包含 backups 和 wal；新的备份目录可在“添加实例”时创建，或用 tidemark init 创建。',
  'catalog.newer-version': '请使用更新的程序，或做一次 FULL 备份。',
  'instance.not-found': '请检查名称，或先添加该实例。',
  'instance.exists': '请换一个名称，或先删除原有实例。',
  'instance.identity-mismatch': '请检查主机、端口和数据目录；其他集群请登记为单独的实例。',
  'backup.not-found': '请从备份列表中选择。',
  'backup.chain-broken': '请恢复其他备份；做一次 FULL 备份以开始新的备份链。',
  'backup.not-restorable': '请校验该实例，或选择其他备份。',
  'backup.in-future': '请校准本机时钟。',
  'backup.damaged': '请选择其他备份；检查备份目录所在磁盘，然后做一次 FULL 备份。',
  'backup.page-corrupt':
    '请用 pg_filenode_relation() 找到对应的关系，并用 pg_amcheck 检查；较早的备份中该页面可能完好。',
  'catalog.locked': '请等待另一个操作结束，或终止它；其锁随后会被接管。',
  'plan.stale': '请查看新的计划后重新执行。',
  'restore.diverged':
    '请改用校验和（checksum）模式重新恢复：它会比较每一页并从中断处继续。在此之前，该目录无法启动服务器。',
  'plan.refused': '请更改原文中提到的内容，然后重新制定计划。',
  'server.unreachable': '请检查服务器是否运行、地址和端口、listen_addresses，以及中间的防火墙。',
  'server.auth-failed': '请重新输入密码，或写入 .pgpass；并在 pg_hba.conf 中允许该角色连接。',
  'server.no-database': '请指定其他数据库；任何一个都可以，备份的总是整个集群。',
  'server.denied': '请让超级用户授予所缺的权限；连接测试会逐项列出。',
  'server.query-failed': '请阅读原文中服务器的说明，并查看服务器日志。',
  'server.unsupported': '可备份的服务器类型和版本请见 README。',
  'server.connection-lost': '请在服务器日志中查看连接结束的原因，然后重试。',
  'server.running': '请恢复到其他目录，或停止该服务器并清空目录。',
  'restore.unreachable': '请选择更早的目标、其他时间线或更早的备份；消息中写明了最远可恢复到何处。',
  'wal.missing': '请在服务器及其归档中查找该段；找不到时请改用其他备份。',
  'wal.timeout': 'ARCHIVE 模式请检查 archive_command 和 pg_stat_archiver；STREAM 模式请检查复制连接。',
  'wal.damaged': '请重新备份；如果再次发生，请检查磁盘和复制连接。',
  'wal.conflict': '请查明是哪两台服务器在向该实例归档；archive-push --overwrite 会替换已有文件。',
  'job.not-found': '请查看任务列表；最旧的任务会逐渐被清除。',
  'process.failed': '请阅读原文中该程序的说明，排除问题后重试。',
  'usage.invalid': '用法请见 tidemark help COMMAND。',
  'engine.gone': '请重新启动 Tidemark；当时正在运行的任务会列为“已中断”。',
  'run.cancelled': '如果是有意取消，则无需处理；否则请重新执行。',
  'run.timeout': '请在 pg_stat_activity 中查看服务器在等待什么，然后重试。',
  'internal.bug': '请将原文和任务日志一并报告给我们。',
}

/** What to do about a failure of this code, whatever the occasion was. */
export function errorAdvice(code: ErrorCode, language: string): string {
  // The English table is also a page of the documentation, with its marks.
  return language === 'zh-CN' ? CHINESE[code] : ERROR_ADVICE[code].replaceAll('`', '')
}
