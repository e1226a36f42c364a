/** The process of one of our engines: builds a training of a BERT and does steps on request. Protocol: ../train/trainer.mjs. */
import { useEngine } from '@surge-bnn/engine';
import { countParameters, serve } from '../train/serve.mjs';
import { Training } from './trainings.mjs';

const config = JSON.parse(process.argv[2]);

await serve(async () => {
  const engine = await useEngine(config.engine);
  const session = new Training(config);
  return {
    session,
    pictures: undefined,
    engine,
    parameters: countParameters(session.network.model),
  };
});
