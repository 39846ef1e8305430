"""What people write: the text of PDF, Word and plain files, and of archives of those, read in a confined process.

reading.py   the parent: one file becomes paragraphs, or a refusal with a code
work.py      the child: which kind of file it is
archive.py   zip files: names, sizes and kinds of what is in them, before and while anything is unpacked
word.py      Word files (.docx): paragraphs and tables in the order of the document
pdf.py       PDF files
lines.py     lines as they were laid out on pages become paragraphs again

code                  what is refused
ARCHIVE_RATIO_LIMIT   unpacks to too much, by what it declares or by what it is
ARCHIVE_NESTED        an archive inside an archive
ARCHIVE_UNSAFE_PATH   a name that leads elsewhere: .., absolute, a link, NUL
DOC_ACTIVE_CONTENT    JavaScript, macros, actions that start programs, files within, parts fetched from elsewhere
DOC_ENCRYPTED         needs a password
DOC_LIMIT             too many pages, a loop, or more than the process may take
DOC_NO_TEXT           pictures of text, or nothing
DOC_FORMAT            none of these kinds of file
DOC_DAMAGED           cannot be read to its end
"""
