export const logLevels = ['debug', 'info', 'warn', 'error', 'fatal'] as const;
export type LogLevel = (typeof logLevels)[number];

/** Where rooms report what no caller can be told. Fields must never hold a secret. */
export interface Log {
  debug(message: string, fields?: LogFields): void;
  info(message: string, fields?: LogFields): void;
  warn(message: string, fields?: LogFields): void;
  error(message: string, fields?: LogFields): void;
}
export type LogFields = Readonly<Record<string, string | number | boolean | undefined>>;

/** A log that writes logfmt lines (`time=… level=… msg=… key=value`), as dockerd does, from `level` up. */
export function createLog(level: LogLevel, write: (line: string) => void): Log {
  const threshold = logLevels.indexOf(level);
  const at =
    (rank: LogLevel) =>
    (message: string, fields: LogFields = {}) => {
      if (logLevels.indexOf(rank) < threshold) return;
      let line = `time=${quote(new Date().toISOString())} level=${rank} msg=${quote(message)}`;
      for (const [key, value] of Object.entries(fields)) if (value !== undefined) line += ` ${key}=${quote(String(value))}`;
      write(`${line}\n`);
    };
  return { debug: at('debug'), info: at('info'), warn: at('warn'), error: at('error') };
}

/** A log that drops everything. */
export const silentLog: Log = { debug() {}, info() {}, warn() {}, error() {} };

// Control characters are escaped by JSON, so one message is always one line.
function quote(text: string): string {
  return JSON.stringify(text);
}
