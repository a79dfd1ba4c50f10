import type { MediaStages } from './install-windows.ts'

/** How Windows is got, and what is built of it. */
export const mediaStages: MediaStages = undefined as unknown as MediaStages
