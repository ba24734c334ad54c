namespace AiShell.Repository;

/// <summary>
/// The order of a catalogue. Ids sort by age to the second; of backups made in the same second the manifest says which is
/// the newer one.
/// </summary>
public sealed class NewestFirst : IComparer<CatalogueEntry>
{
    public static readonly NewestFirst Instance = new();

    public int Compare(CatalogueEntry? x, CatalogueEntry? y)
    {
        if (x is null || y is null)
        {
            return (x is null ? 1 : 0) - (y is null ? 1 : 0);
        }

        int bySecond = BackupId.SecondOf(y.Id).SequenceCompareTo(BackupId.SecondOf(x.Id));
        int byTime = bySecond != 0 ? bySecond : Nullable.Compare(y.Manifest?.CreatedAt, x.Manifest?.CreatedAt);
        return byTime != 0 ? byTime : string.CompareOrdinal(y.Id, x.Id);
    }
}
