/**
 * The official builds of ONNX Runtime note how they are used (with an identifier of the machine, in the user's cache folder)
 * and send it to their maker over the network. What people say and read here is nobody's business, so it is off unless the
 * user's own environment says otherwise.
 *
 * The library reads the environment of the process, which only the main thread can change: a worker has a copy. So this is
 * called where a worker is started as well as where the library is loaded.
 */
export function refuseTelemetry(env: NodeJS.ProcessEnv = process.env): void {
  env['ORT_DISABLE_TELEMETRY'] ??= '1';
}
