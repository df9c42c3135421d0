import { describeGatewayContract } from '../support/gateway-contract.js';
import { openTestEngine, shellImage } from './support.js';

const engine = await openTestEngine();

describeGatewayContract(
  'a real engine',
  () => {
    if (engine.docker === undefined) throw new Error(engine.skip);
    return { docker: engine.docker, image: shellImage };
  },
  engine.skip,
);
