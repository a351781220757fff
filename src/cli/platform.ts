/** The `platform` query of save, load, history and inspect (API 1.48): JSON of `os[/arch[/variant]]`; undefined for ''. */
export function platformQuery(text: string): string | undefined {
  if (text === '') return undefined;
  const [os = '', architecture = '', variant] = text.split('/');
  return JSON.stringify({ architecture, os, ...(variant === undefined ? {} : { variant }) });
}
