export async function publish(...a: unknown[]) {}
