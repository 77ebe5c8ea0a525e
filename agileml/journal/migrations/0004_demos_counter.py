from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("journal", "0003_webhooks"),
    ]

    operations = [
        migrations.AddField(
            model_name="stream",
            name="demos",
            field=models.PositiveIntegerField(default=0),
        ),
    ]
