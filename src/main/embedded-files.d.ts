declare module '*/build/hello' {
  const path: string;
  export { path as default };
}
declare module '*/build/launcher' {
  const path: string;
  export { path as default };
}
