// SPDX-License-Identifier: MIT

package volume

import "strconv"

const (
	blockSize = 4096
	// bytesPerInode bounds the number of files: one for each of so many bytes
	// of the file system. An inode takes 256.
	bytesPerInode = 16 << 10
	inodeSize     = 256
	journalMB     = 4
	// overhead is what a file system takes for itself, whatever its size.
	overhead = 32 << 20
	// maxHeadroom bounds by how much a limit can be raised later. Reserving
	// it takes a bitmap for each 128 MiB.
	maxHeadroom = 16 << 30
)

// geometry says how large the file system for a limit is.
type geometry struct {
	limit int64 // bytes that can be written
	size  int64 // of the image
}

func geometryOf(limit int64) geometry {
	limit = (limit + blockSize - 1) / blockSize * blockSize
	size := limit + min(3*limit, maxHeadroom)
	size += size/bytesPerInode*inodeSize + size/512 + overhead
	return geometry{limit: limit, size: (size + 1<<20 - 1) >> 20 << 20}
}

// arguments are those of mkfs.ext4(8), with nothing left to the machine's own
// defaults. Inode tables and journal are not written before they are used, so
// that a new image holds less than a megabyte.
func (g geometry) arguments(image string) []string {
	return []string{
		"-q", "-F", "-t", "ext4",
		"-b", strconv.Itoa(blockSize), "-I", strconv.Itoa(inodeSize), "-i", strconv.Itoa(bytesPerInode), "-m", "0",
		"-O", "none,has_journal,extent,64bit,flex_bg,filetype,dir_index,dir_nlink,extra_isize,huge_file,large_file,sparse_super,metadata_csum",
		"-J", "size=" + strconv.Itoa(journalMB),
		"-E", "nodiscard,lazy_itable_init=1,lazy_journal_init=1",
		image, strconv.FormatInt(g.size/1024, 10) + "k",
	}
}
