// SPDX-License-Identifier: MIT

package runtime

import "slices"

// promises are what sandboxes guarantee, and by which features. See SECURITY.md.
var promises = []Guarantee{
	{What: "a path of level none does not exist in the sandbox", By: []string{FeatureNamespaces, FeatureMounts, FeatureOverlay}},
	{What: "the content of a path of level view cannot be read", By: []string{FeatureNamespaces, FeatureMounts, FeatureOverlay}},
	{What: "nothing can be read in a sandbox of the preset view-only", By: []string{FeatureLandlock}},
	{What: "a path changes only where the rules say write", By: []string{FeatureMounts, FeatureOverlay, FeatureNotify, FeatureWaitKillable, FeatureMemory}},
	{What: "without a guard the workspace is read-only", By: []string{FeatureMounts, FeatureSeccomp}},
	{What: "the source directory is never changed", By: []string{FeatureMounts, FeatureOverlay}},
	{What: "files of the host outside the tree are out of reach", By: []string{FeatureUserNamespaces, FeatureNamespaces, FeatureMounts, FeatureProc}},
	{What: "processes, IPC and network of the host are out of reach", By: []string{FeatureUserNamespaces, FeatureNamespaces, FeatureProc}},
	{What: "commands hold no privilege and can gain none", By: []string{FeatureUserNamespaces, FeatureSeccomp}},
	{What: "no process outlives its sandbox", By: []string{FeatureNamespaces, FeatureSystemCalls}},
	{What: "limits of memory, CPU and processes hold", By: []string{FeatureCgroups}},
	{What: "limits of disk space hold", By: []string{FeatureDiskLimits}},
}

// guarantees judges the promises by the features of a report.
func guarantees(r *Report) []Guarantee {
	list := make([]Guarantee, len(promises))
	for i, p := range promises {
		g := Guarantee{What: p.What, By: slices.Clone(p.By)}
		for _, name := range p.By {
			if f, ok := r.Feature(name); !ok || !f.Available {
				g.Missing = append(g.Missing, name)
			}
		}
		g.Holds = len(g.Missing) == 0
		list[i] = g
	}
	return list
}
