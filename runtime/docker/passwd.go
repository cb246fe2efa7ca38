// SPDX-License-Identifier: MIT

package docker

import (
	"slices"
	"strconv"
	"strings"
)

// lookUp finds a user in a passwd(5) file.
func lookUp(passwd string, uid int) (name, home string) {
	for line := range strings.Lines(passwd) {
		f := strings.Split(strings.TrimSpace(line), ":")
		if len(f) == 7 && f[2] == strconv.Itoa(uid) {
			return f[0], f[5]
		}
	}
	return "", ""
}

// environment is what commands of an image begin with: the image's own variables,
// and those that a login would set, as docker run does.
func environment(image []string, passwd string, uid int) []string {
	name, home := lookUp(passwd, uid)
	if home == "" {
		home = "/"
	}
	if name == "" {
		name = strconv.Itoa(uid)
	}
	// The last value of a variable counts.
	return slices.Concat([]string{"HOME=" + home, "USER=" + name}, image)
}
