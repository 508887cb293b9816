/* SPDX-License-Identifier: GPL-2.0 */
ssize_t item_read(struct file *file, char __user *buf, size_t len, loff_t *pos);
int item_count(struct item *first, struct item *last);
unsigned int item_size(const struct item *item);
void item_init(void);
extern int item_compare(const struct item *, unsigned int);
