// SPDX-License-Identifier: MIT

package fsguardtest

import "maps"

// calls are what the probe can do, by name. Each answers with what it saw.
var calls = func() map[string]call {
	all := map[string]call{}
	for _, group := range []map[string]call{openCalls, lookCalls, nameCalls, attrCalls, processCalls, raceCalls, weightCalls, fileCalls, fsxCalls} {
		maps.Copy(all, group)
	}
	return all
}()

type call func(p *prober, o *op, at spot) (string, error)
