/** Whether the native engine is there to be tested. Where it is not, what needs it is skipped under this name. */
import { nativeReport } from '@surge-bnn/engine';

export const { built: nativeIsBuilt } = await nativeReport();

/** surge-native where it is built, to add to a list of backends. */
export const nativeBackends = nativeIsBuilt ? (['surge-native'] as const) : [];
